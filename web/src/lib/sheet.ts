// A job sheet: a table of clips as CSV. It is read here as the service reads it (RFC 4180; "," ";" or tab), so that
// what is wrong can be said at its row before anything is sent.
import { ApiError } from './api';
import type { ClipSpec, Estimate } from './types';

export interface SheetRow {
  /** Of the file, from 1. */
  line: number;
  cells: Record<string, string>;
  problems: { column: string; key: SheetProblem; value: string }[];
}
export type SheetProblem = 'sheet_unknown_column' | 'sheet_too_many_cells' | 'sheet_no_picture' | 'sheet_picture_missing' | 'sheet_not_a_number' | 'sheet_out_of_range' | 'sheet_not_a_choice';

export interface Sheet {
  name: string;
  columns: string[];
  rows: SheetRow[];
  /** Of the sheet as a whole: columns nobody knows. */
  unknown: string[];
}

export const MAX_SHEET_ROWS = 1000;

/** Bounds of /openapi.json's ClipSpec; [whole?, least, most]. */
const NUMBERS: Record<string, [boolean, number, number]> = {
  width: [true, 16, 4096], height: [true, 16, 4096], frames: [true, 1, 10_000], duration: [false, 0.01, 86_400], fps: [false, 0.01, 240], steps: [true, 1, 1000],
  guidance: [false, 0, 100], guidance_rescale: [false, 0, 1], eta: [false, 0, 1], seed: [true, 0, Number.MAX_SAFE_INTEGER], crf: [true, 0, 51], cache_interval: [true, 1, 1000], cache_branch: [true, 1, 11], guidance_start: [false, 0, 1], guidance_end: [false, 0, 1], guidance_interval: [true, 1, 1000], merge_tokens: [false, 0, 0.75], clip_skip: [true, 0, 23],
};
const CHOICES: Record<string, string[]> = {
  fit: ['cover', 'contain'], loop: ['none', 'pingpong', 'seamless'], quality: ['standard', 'high'], precision: ['f32', 'bf16', 'int8'], speed: ['exact', 'fast', 'draft'], low_memory: ['true', 'false'], auto_fit: ['true', 'false'], allow_flashing: ['true', 'false'],
};
export const SHEET_COLUMNS = [
  'picture', 'prompt', 'negative_prompt', 'engine', 'model', 'variant', 'guidance_rescale', 'scheduler', 'eta', 'image_latent', 'clip_skip', 'low_memory', 'auto_fit', 'preset', 'size', 'width',
  'height', 'aspect', 'frames', 'duration', 'fps', 'steps', 'guidance', 'seed', 'camera', 'depth', 'mask', 'fit', 'background', 'focus', 'loop', 'quality', 'crf', 'ai_label', 'recipe', 'allow_flashing', 'precision', 'speed', 'cache_interval', 'cache_branch', 'guidance_start', 'guidance_end', 'guidance_interval', 'merge_tokens',
];

export const SAMPLE_SHEET = [
  'picture,prompt,preset,aspect,seed',
  'street.jpg,"Rain on a night street, camera slowly pushes in",standard,16:9,1',
  'street.jpg,"Rain on a night street, camera pans left",standard,16:9,1',
  'lake.jpg,湖面荡漾，镜头缓慢推进,preview,2.39:1,7',
].join('\r\n') + '\r\n';

/** Rows of cells with the line on which each begins. */
function table_of(csv: string): { line: number; cells: string[] }[] {
  const text = csv.replace(/^\uFEFF/, '');
  const separator = /[,;\t]/.exec(text.split('\n', 1)[0] ?? '')?.[0] ?? ',';
  const rows: { line: number; cells: string[] }[] = [];
  let [cell, quoted, line] = ['', false, 1];
  let row = { line, cells: [] as string[] };
  const end_cell = () => {
    row.cells.push(cell.trim());
    cell = '';
  };
  const end_row = () => {
    end_cell();
    rows.push(row);
    row = { line: line + 1, cells: [] };
  };
  for (let i = 0; i < text.length; ++i) {
    const c = text.charAt(i);
    if (quoted && c === '"' && text[i + 1] === '"') cell += text[++i];
    else if (quoted && c === '"') quoted = false;
    else if (!quoted && c === '"' && cell.trim() === '') [cell, quoted] = ['', true];
    else if (!quoted && c === separator) end_cell();
    else if (!quoted && c === '\n') end_row();
    else cell += c;
    if (c === '\n') ++line;
  }
  if (cell !== '' || row.cells.length > 0) end_row();
  return rows.filter((one, index) => index === 0 || one.cells.some((text_of) => text_of !== ''));
}

function check_cell(row: SheetRow, column: string, value: string): void {
  const bounds = NUMBERS[column];
  if (bounds && !(column === 'fps' && /^\d+\/\d+$/.test(value))) {
    const [whole, least, most] = bounds;
    const number = Number(value);
    if (!Number.isFinite(number) || (whole && !Number.isInteger(number))) row.problems.push({ column, key: 'sheet_not_a_number', value });
    else if (number < least || number > most) row.problems.push({ column, key: 'sheet_out_of_range', value: `${least} – ${most}` });
  }
  const choices = CHOICES[column];
  if (choices && !choices.includes(value)) row.problems.push({ column, key: 'sheet_not_a_choice', value: choices.join(', ') });
}

export function read_sheet(name: string, csv: string): Sheet {
  const [head, ...body] = table_of(csv);
  const columns = head?.cells.filter((column) => column !== '') ?? [];
  const rows = body.slice(0, MAX_SHEET_ROWS).map(({ line, cells }) => {
    const row: SheetRow = { line, cells: {}, problems: [] };
    columns.forEach((column, index) => {
      const value = cells[index] ?? '';
      if (value === '') return;
      row.cells[column] = value;
      check_cell(row, column, value);
    });
    if (cells.length > (head?.cells.length ?? 0)) row.problems.push({ column: '', key: 'sheet_too_many_cells', value: String(cells.length) });
    return row;
  });
  return { name, columns, rows, unknown: columns.filter((column) => !SHEET_COLUMNS.includes(column)) };
}

/** The asset a row means: by id, by name as the sheet writes it, or by its last part ("shots/street.jpg"). */
export function picture_of(value: string | undefined, pictures: { id: string; name: string }[]): string | undefined {
  if (!value) return undefined;
  const base = (text: string) => (text.split(/[\\/]/).at(-1) ?? '').toLowerCase();
  return (pictures.find((one) => one.id === value) ?? pictures.find((one) => one.name === value) ?? pictures.find((one) => base(one.name) === base(value)))?.id;
}

const NUMBER_COLUMNS = new Set(Object.keys(NUMBERS));

/** A row as a clip's spec, for an estimate. */
export function spec_of_row(row: SheetRow, picture: string | undefined): ClipSpec {
  const spec: ClipSpec = {};
  for (const [column, value] of Object.entries(row.cells)) {
    if (column === 'camera' && value.startsWith('{')) {
      try {
        spec[column] = JSON.parse(value) as unknown;
      } catch {
        spec[column] = value;
      }
    } else if (value === 'true' || value === 'false') spec[column] = value === 'true';
    else spec[column] = NUMBER_COLUMNS.has(column) && Number.isFinite(Number(value)) ? Number(value) : value;
  }
  if (picture) spec.picture = picture;
  return spec;
}

/** The sheet as it is sent: pictures by their ids, nothing else changed. */
export function csv_of(sheet: Sheet, picture: (row: SheetRow) => string | undefined): string {
  const columns = sheet.columns.includes('picture') ? sheet.columns : ['picture', ...sheet.columns];
  const quoted = (text: string) => (/[",\r\n;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = sheet.rows.map((row) => columns.map((column) => quoted((column === 'picture' ? picture(row) : row.cells[column]) ?? '')).join(','));
  return [columns.join(','), ...lines].join('\r\n') + '\r\n';
}

/** Asks the service about every row whose picture is here, a few at a time. `tell` hears the answers as they come. */
export async function check_rows(rows: SheetRow[], picture: (row: SheetRow) => string | undefined, common: ClipSpec,
  estimate: (spec: ClipSpec) => Promise<Estimate>, tell: (line: number, answer: Estimate | ApiError) => void): Promise<void> {
  const left = rows.filter((row) => row.problems.length === 0 && picture(row));
  const work = async () => {
    for (let row = left.shift(); row; row = left.shift()) {
      try {
        tell(row.line, await estimate({ ...common, ...spec_of_row(row, picture(row)) }));
      } catch (error) {
        if (!(error instanceof ApiError)) return;  // stopped
        tell(row.line, error);
      }
    }
  };
  await Promise.all([work(), work(), work()]);
}
