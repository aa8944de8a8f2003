import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { beforeEach, describe, expect, it } from 'vitest';
import { csv_of, picture_of, read_sheet, SAMPLE_SHEET, spec_of_row } from '../src/lib/sheet';
import Create from '../src/views/Create.svelte';
import { clip, estimate, mocked, problem } from './mocked';

const asset = { id: 'a1', name: 'street.jpg', width: 640, height: 360 };
beforeEach(() => localStorage.clear());

describe('a job sheet', () => {
  it('is read as the service reads it: quotes, line ends, byte order mark, other separators', () => {
    const sheet = read_sheet('s.csv', '\uFEFFpicture;prompt\r\na.jpg;"rain; ""heavy""\nat night"\r\n\r\nb.jpg;fog');
    expect(sheet.columns).toEqual(['picture', 'prompt']);
    expect(sheet.rows.map((row) => [row.line, row.cells.prompt])).toEqual([[2, 'rain; "heavy"\nat night'], [5, 'fog']]);
  });
  it('says what is wrong at its row', () => {
    const sheet = read_sheet('s.csv', 'picture,steps,colour,loop\na.jpg,0,red,twice\nb.jpg,many,,none\nc.jpg,5,,none,more');
    expect(sheet.unknown).toEqual(['colour']);
    expect(sheet.rows.map((row) => row.problems.map((one) => one.key))).toEqual([['sheet_out_of_range', 'sheet_not_a_choice'], ['sheet_not_a_number'], ['sheet_too_many_cells']]);
  });
  it('finds pictures by id, name, and the last part of a path', () => {
    expect(picture_of('a1', [asset])).toBe('a1');
    expect(picture_of('shots\\Street.JPG', [asset])).toBe('a1');
    expect(picture_of('lake.jpg', [asset])).toBeUndefined();
  });
  it('goes to the service with ids, and comes back the same', () => {
    const sheet = read_sheet('s.csv', SAMPLE_SHEET.replace('湖面荡漾，', '"湖面, 荡漾",'));
    const again = read_sheet('t.csv', csv_of(sheet, () => 'a1'));
    expect(again.rows.map((row) => row.cells)).toEqual(sheet.rows.map((row) => ({ ...row.cells, picture: 'a1' })));
    expect(spec_of_row(sheet.rows[0]!, 'a1')).toMatchObject({ picture: 'a1', seed: 1, aspect: '16:9' });
  });
  it('has a sample without faults', () => expect(read_sheet('s', SAMPLE_SHEET).rows.every((row) => row.problems.length === 0)).toBe(true));
});

describe('its page', () => {
  const csv = (text: string) => new File([text], 'day.csv', { type: 'text/csv' });
  it('shows rows, finds fault with the service, and sends when all is well', async () => {
    let wrong = true;
    const { studio, of } = mocked({
      'POST /v1/estimate': (spec: { aspect?: string }) => (wrong && spec.aspect === '99:1' ? problem(422, 'invalid_argument', 'aspect must be from 1:10 to 10:1, not 99:1', 'aspect') : estimate),
      'POST /v1/batches': { batch: 'b', clips: [clip('c1'), clip('c2')] },
    });
    studio.desk.assets = [asset];
    await studio.desk.take_files([csv('picture,prompt,aspect\nstreet.jpg,rain,16:9\nstreet.jpg,fog,99:1\nlost.jpg,fog,1:1')]);
    const { unmount } = render(Create, { studio });
    expect(await screen.findByText(/lost\.jpg is not here/)).toBeTruthy();
    expect(await screen.findByText(/Aspect must be from/)).toBeTruthy();
    expect((screen.getByText('Queue 3 clips') as HTMLButtonElement).disabled).toBe(true);
    unmount();
    wrong = false;
    await studio.desk.take_files([csv('picture,prompt\nstreet.jpg,rain\nstreet.jpg,fog')]);
    render(Create, { studio });
    await waitFor(() => expect((screen.getByText('Queue 2 clips') as HTMLButtonElement).disabled).toBe(false));
    await fireEvent.click(screen.getByText('Queue 2 clips'));
    await waitFor(() => expect(studio.desk.sheet).toBeNull());
    const form = of('POST /v1/batches')[0]?.body as FormData;
    expect(await (form.get('sheet') as File).text()).toContain('a1,rain');
    expect(JSON.parse(form.get('options') as string)).toMatchObject({ same_seed: false, spec: { preset: 'standard' } });
  });
  it('survives a reload', async () => {
    const { studio } = mocked({});
    await studio.desk.take_files([csv('picture,prompt\nstreet.jpg,rain')]);
    studio.desk.keep();
    expect(mocked({}).studio.desk.sheet?.rows.length).toBe(1);
  });
});
