// Aspects and crops.

export const ASPECTS = ['16:9', '2.39:1', '4:3', '1:1', '4:5', '9:16'] as const;

/** Width over height of "16:9"; undefined for anything else. */
export function aspect_value(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(text.trim());
  const value = match ? Number(match[1]) / Number(match[2]) : NaN;
  return value >= 0.1 && value <= 10 ? value : undefined;
}

/** The largest frame of this aspect inside of a picture, as fractions of it, around a point as far as it goes. */
export function crop_of(picture: { width: number; height: number }, aspect: number, focus: { x: number; y: number }) {
  const own = picture.width / picture.height;
  const width = aspect >= own ? 1 : aspect / own;
  const height = aspect >= own ? own / aspect : 1;
  const place = (centre: number, extent: number) => Math.min(Math.max(centre - extent / 2, 0), 1 - extent);
  return { x: place(focus.x, width), y: place(focus.y, height), width, height };
}

/** How two frames of one aspect fill a stage best: beside or below each other. */
export function pair_layout(stage: { width: number; height: number }, aspect: number): 'row' | 'column' {
  const shown = (width: number, height: number) => Math.min(width, height * aspect);
  return shown(stage.width / 2, stage.height) >= shown(stage.width, stage.height / 2) ? 'row' : 'column';
}
