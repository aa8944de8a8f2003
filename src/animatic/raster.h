// Draws the layers of a scene through the grids of a frame: the one place where every pixel is touched.
#pragma once

#include <cstdint>
#include <vector>

#include "animatic/frame_grid.h"
#include "animatic/scene.h"

namespace stillreel::animatic {

/// Least and greatest alpha of a texture in blocks of 16 x 16 texels: tiles that see only clear texels are
/// skipped.
struct AlphaBlocks {
    static constexpr int kBlockTexel = 16;
    int columns = 0;
    int rows = 0;
    std::vector<std::uint8_t> least, greatest;
};

/// `texture` is RGBA.
AlphaBlocks alpha_blocks_of(const image::Image& texture);

/// Alpha of an RGBA texture at a texture point, 0 to 255: that of the texel there, clamped to the edge.
std::uint8_t alpha_at(const image::Image& texture, float u, float v);

/// Draws frames of one scene. Keeps references to the textures: `scene` must outlive it.
///
/// Coordinates and light are bilinear inside of a tile, textures are sampled bilinearly and clamped to their
/// edge, layers are composited back to front (premultiplied over), results are rounded to nearest. Alpha
/// comes out as 255.
class Raster {
  public:
    explicit Raster(const Scene& scene);

    /// Fills rows [tile_row * kTilePx, (tile_row + 1) * kTilePx) of `frame`. Tile rows may be drawn by any
    /// threads.
    void draw(const FrameGrid& grid, int tile_row, FrameBuffer& frame) const;

  private:
    const Scene* scene_;
    std::vector<AlphaBlocks> blocks_;
};

}  // namespace stillreel::animatic
