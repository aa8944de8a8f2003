// A product as its tasks see it, whatever it multiplies: rows of the result are output pixels of all images,
// or those of one phase.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "tensor/cpu/panels.h"

namespace stillreel::tensor {

// A task is up to kMostRows rows of the result by up to kMostColumns columns at a time, whose sums fit the
// second cache. None of this depends on the number of threads.
inline constexpr std::int64_t kMostRows = 112;
inline constexpr std::int64_t kMostColumns = 960;
/// Tasks that a product is divided into where it is large enough.
inline constexpr std::int64_t kTasks = 16;

constexpr std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// `count` things in parts of at most `most`, all about equally large.
struct Parts {
    std::int64_t count, parts;
    Parts(std::int64_t things, std::int64_t most) : count(things), parts(divided_up(things, most)) {}
    std::int64_t begin(std::int64_t part) const { return count * part / parts; }
};

struct ProductRows {
    const ProductArgs& args;
    Window window;
    std::int64_t inputs;  // channels
    std::int64_t out_h, out_w, rows;
    std::int64_t rows_per_vector;        // of per_image
    std::int64_t halves;                 // panels of a column: 2 with geglu
    int scale, phase_row, phase_column;  // of the result: 2 and a place in each square of four, or 1, 0 and 0

    /// The window of one phase of upsampled3x3().
    static Window window_of(const Window& window, int row, int column) {
        return window.upsample == 1 ? window : Window{2, 2, 1, 1 - row, 1 - column, row, column};
    }

    ProductRows(const ProductArgs& product, const Panels& panels, int phase = 0)
        : args(product),
          window(window_of(panels.window, phase / 2, phase % 2)),
          inputs(panels.inputs),
          out_h(window.out_h(product.height)),
          out_w(window.out_w(product.width)),
          rows(product.images * out_h * out_w),
          rows_per_vector(product.images_per_row * out_h * out_w),
          halves(panels.gate == Gate::geglu ? 2 : 1),
          scale(panels.window.upsample),
          phase_row(phase / 2),
          phase_column(phase % 2) {}

    /// Where a row stands in the result, in pixels.
    std::int64_t pixel(std::int64_t row) const {
        if (scale == 1) return row;
        return (row / out_w * scale + phase_row) * out_w * scale + row % out_w * scale + phase_column;
    }

    /// An ending for rows [row, ...) of panels [first, last); its sums are still missing. Only for finish().
    FinishArgs ending(const Panels& panels, std::int64_t row, std::int64_t count, std::int64_t first,
                      std::int64_t last) const {
        const std::int64_t column = first / halves * kPanel, at = pixel(row) * panels.outputs + column;
        FinishArgs end;
        end.bias = panels.bias.data() + first * kPanel;
        end.gate = panels.gate;
        end.rows = end.sum_rows = count;
        end.columns = std::min(last / halves * kPanel, panels.outputs) - column;
        end.first_row = row;
        end.rows_per_image = rows_per_vector;
        end.per_image = args.per_image ? args.per_image + column : nullptr;
        end.per_image_stride = panels.outputs;
        end.activation = args.activation;
        end.residual = args.residual ? args.residual + at : nullptr;
        end.y = args.y + at;
        end.y_stride = scale * panels.outputs;
        return end;
    }

    /// finish_panels, a line of pixels at a time where lines of a phase do not follow each other.
    void finish(const FinishArgs& end) const {
        if (scale == 1) return finish_panels(end);
        for (std::int64_t done = 0; done < end.rows;) {
            const std::int64_t row = end.first_row + done;
            const std::int64_t moved = (pixel(row) - pixel(end.first_row)) * (end.y_stride / scale);
            FinishArgs line = end;
            line.first_row = row;
            line.rows = std::min(end.rows - done, out_w - row % out_w);
            line.y += moved;
            if (line.residual) line.residual += moved;
            if (line.sums) {
                line.sums += done * kPanel;
            } else {
                line.int8.sums += done * kPanel;
                line.int8.scales += done;
                line.int8.zero_points += done;
            }
            finish_panels(line);
            done += line.rows;
        }
    }
};

/// Numbers as they are.
template <class Number>
void copy_numbers(const Number* from, std::int64_t count, Number* to) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(Number));
}

/// Numbers [k, k + count) of the input windows of rows [row, row + rows) of a product.
struct Patch {
    std::int64_t row, rows, k, count;
};

/// A patch of x [images, height, width, inputs], as copy(from, count, to) has it, `stride` numbers from row
/// to row. Beyond an image's border stands padding(image, column), whose column may be outside, too.
template <class From, class To, class Padding, class Copy>
void gather(const ProductRows& product, const Patch& patch, const From* x, const Padding& padding,
            const Copy& copy, To* to, std::int64_t stride) {
    const Window& window = product.window;
    const std::int64_t channels = product.inputs, height = product.args.height, width = product.args.width;
    for (std::int64_t done = 0; done < patch.count;) {
        const std::int64_t tap = (patch.k + done) / channels, channel = (patch.k + done) % channels;
        const std::int64_t length = std::min(patch.count - done, channels - channel);
        const std::int64_t down = tap / window.kernel_w - window.top,
                           right = tap % window.kernel_w - window.left;
        std::int64_t out_x = patch.row % product.out_w, out_y = patch.row / product.out_w % product.out_h,
                     image = patch.row / product.out_w / product.out_h;
        for (std::int64_t r = 0; r < patch.rows; ++r) {
            const std::int64_t in_y = out_y * window.stride + down, in_x = out_x * window.stride + right;
            To* at = to + r * stride + done;
            if (in_y >= 0 && in_y < height && in_x >= 0 && in_x < width)
                copy(x + ((image * height + in_y) * width + in_x) * channels + channel, length, at);
            else
                std::fill_n(at, length, padding(image, in_x));
            if (++out_x < product.out_w) continue;
            out_x = 0;
            if (++out_y < product.out_h) continue;
            out_y = 0;
            ++image;
        }
        done += length;
    }
}

}  // namespace stillreel::tensor
