// The words that the builder writes, in both languages; the prompt's grammar understands every one of them.
import type { Language } from './i18n';

export type Pace = 'slow' | 'plain' | 'fast';
type Words = Record<Language, string>;

export interface Move {
  name: string;
  label: Words;
  /** `~` stands for the pace. */
  phrase: Words;
}

const move = (name: string, en: string, zh: string, en_phrase: string, zh_phrase: string): Move => ({
  name, label: { en, zh }, phrase: { en: en_phrase, zh: zh_phrase },
});

export const MOVES: Move[] = [
  move('push_in', 'Push in', '推进', 'Camera~ pushes in', '镜头~推进'),
  move('pull_out', 'Pull out', '拉远', 'Camera~ pulls out', '镜头~拉远'),
  move('pan_left', 'Pan left', '左摇', 'Camera~ pans left', '镜头~向左摇'),
  move('pan_right', 'Pan right', '右摇', 'Camera~ pans right', '镜头~向右摇'),
  move('truck_left', 'Truck left', '左移', 'Camera~ trucks left', '镜头~向左平移'),
  move('truck_right', 'Truck right', '右移', 'Camera~ trucks right', '镜头~向右平移'),
  move('tilt_up', 'Tilt up', '上摇', 'Camera~ tilts up', '镜头~向上摇'),
  move('tilt_down', 'Tilt down', '下摇', 'Camera~ tilts down', '镜头~向下摇'),
  move('crane_up', 'Crane up', '升起', 'Camera~ cranes up', '镜头~升起'),
  move('crane_down', 'Crane down', '降下', 'Camera~ cranes down', '镜头~降下'),
  move('orbit', 'Orbit', '环绕', 'Camera~ orbits right', '镜头~环绕'),
  move('zoom_in', 'Zoom in', '变焦', 'Camera~ zooms in', '镜头~变焦推近'),
  move('handheld', 'Handheld', '手持', 'Handheld camera', '手持镜头'),
  move('hold', 'Hold', '固定', 'Camera holds still', '固定镜头'),
];

const PACES: Record<Pace, Words> = {
  slow: { en: ' slowly', zh: '缓慢' },
  plain: { en: '', zh: '' },
  fast: { en: ' quickly', zh: '快速' },
};

export const move_phrase = (item: Move, pace: Pace, language: Language) =>
  item.phrase[language].replace('~', PACES[pace][language]);

export const ENVIRONMENTS: Words[] = [
  { en: 'heavy rain', zh: '大雨' },
  { en: 'snow falls', zh: '下雪' },
  { en: 'fog drifts', zh: '薄雾飘动' },
  { en: 'clouds drift', zh: '云朵飘动' },
  { en: 'water ripples', zh: '水面荡漾' },
  { en: 'leaves sway in the wind', zh: '树叶随风摇摆' },
  { en: 'lightning flashes', zh: '闪电' },
];

const SEPARATOR: Words = { en: ', ', zh: '，' };

export const has_phrase = (prompt: string, phrase: string) => prompt.toLowerCase().includes(phrase.toLowerCase());

/** Adds a phrase at the end of a prompt, or takes it out where it is already. */
export function toggle_phrase(prompt: string, phrase: string, language: Language): string {
  if (!has_phrase(prompt, phrase)) {
    const before = prompt.trim().replace(/[,，.。;；]$/u, '');
    return before ? before + SEPARATOR[language] + phrase : phrase;
  }
  const at = prompt.toLowerCase().indexOf(phrase.toLowerCase());
  return (prompt.slice(0, at) + prompt.slice(at + phrase.length))
    .replace(/[,，]\s*([,，])/gu, '$1').replace(/^[\s,，]+|[\s,，]+$/gu, '');
}

/** One camera move at a time, whatever its pace was: two at once are for those who type them. */
export function choose_move(prompt: string, chosen: Move, pace: Pace, language: Language): string {
  let rest = prompt;
  let was_on = false;
  for (const item of MOVES)
    for (const other of ['slow', 'fast', 'plain'] as const) {
      const phrase = move_phrase(item, other, language);
      if (!has_phrase(rest, phrase)) continue;
      rest = toggle_phrase(rest, phrase, language);
      was_on ||= item.name === chosen.name && other === pace;
    }
  return was_on ? rest : toggle_phrase(rest, move_phrase(chosen, pace, language), language);
}

/** [subject] + [action] + [direction/speed] + [environment] */
export function built_prompt(parts: { subject: string; action: string; camera: string; environment: string }, language: Language): string {
  const scene = [parts.subject, parts.action].map((part) => part.trim()).filter(Boolean).join(language === 'en' ? ' ' : '');
  return [scene, parts.camera.trim(), parts.environment.trim()].filter(Boolean).join(SEPARATOR[language]);
}
