// A failure as a sentence that says what to do. The service's own sentence names the particulars, in English;
// in Chinese its stable code speaks first, and the particulars follow as they are.
import { ApiError } from './api';
import { translate, type Key, type Language } from './i18n';

const BY_STATUS: Record<number, Key> = {
  0: 'error_offline', 401: 'error_token', 404: 'error_gone', 409: 'error_busy', 413: 'error_too_large', 415: 'error_format',
  429: 'error_rate', 500: 'error_server', 503: 'error_busy', 507: 'error_memory',
};
/** For these the service's sentence adds nothing for a person. */
const ENOUGH = new Set([0, 401, 429]);
const CODES_ZH: Record<string, string> = {
  invalid_argument: '设置有误', not_found: '找不到所需的内容', corrupt_data: '文件已损坏', unsupported: '不支持', io: '读写文件失败',
  out_of_memory: '内存不足', cancelled: '已取消', busy: '暂时无法进行', unauthorized: '没有权限',
};
const FIELDS: Record<string, Key> = {
  prompt: 'prompt', negative_prompt: 'negative_prompt', engine: 'engine', preset: 'preset', aspect: 'aspect', size: 'size',
  duration: 'duration', fps: 'fps', steps: 'steps', guidance: 'guidance', seed: 'seed', loop: 'loop', quality: 'quality',
  fit: 'fit', picture: 'picture',
};
export const field_text = (field: string, language: Language) => (FIELDS[field] ? translate(language, FIELDS[field]) : field);

const DETAILS_ZH: [RegExp, (field: (name: string) => string, match: RegExpExecArray) => string][] = [
  [/^(\w+) must be a whole number from (\S+) to (\S+), not (.+)$/, (f, m) => `“${f(m[1] ?? '')}”应为 ${m[2]} 到 ${m[3]} 的整数，而不是 ${m[4]}`],
  [/^(\w+) must be (?:a number )?from (\S+) to (\S+), not (.+)$/, (f, m) => `“${f(m[1] ?? '')}”应为 ${m[2]} 到 ${m[3]}，而不是 ${m[4]}`],
  [/^(\w+) must be at most (\S+)$/, (f, m) => `“${f(m[1] ?? '')}”最大为 ${m[2]}`],
  [/^no model (\S+) is installed/, (_, m) => `没有安装模型 ${m[1]}：可在“系统”页获取`],
  [/needs ([\d.]+ \w+) of memory.* and ([\d.]+ \w+) are free/, (_, m) => `需要 ${m[1]} 内存，目前可用 ${m[2]}`],
  [/there is no asset/, () => '图片已不在服务器上，请重新放入'],
];
function detail_text(detail: string, language: Language): string {
  if (language === 'zh')
    for (const [pattern, say] of DETAILS_ZH) {
      const match = pattern.exec(detail);
      if (match) return `${say((name) => field_text(name, language), match)}。`;
    }
  return detail.replace(/\.?$/, '.');
}
/** A file's name is written as it is. */
const capital = (text: string) => (/^\S+\.\w/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1));

/** What a clip failed of. */
export function failure_text(failure: { code: string; message: string }, language: Language): string {
  const lead = language === 'zh' ? CODES_ZH[failure.code] : undefined;
  const detail = failure.message ? detail_text(failure.message, language) : '';
  return [lead, detail].filter(Boolean).join('：') || translate(language, 'error_unknown');
}

export function sentence(error: unknown, language: Language): string {
  if (!(error instanceof ApiError)) return translate(language, 'error_unknown');
  // A missing model is fetched, not looked for again.
  const key = error.status === 404 && error.detail.startsWith('no model') ? undefined : BY_STATUS[error.status];
  const advice = key ? translate(language, key)
    : error.field && error.field in FIELDS ? translate(language, 'error_field', { field: field_text(error.field, language) })
    : (language === 'zh' && error.status !== 404) || !error.detail ? (CODES_ZH[error.code] && language === 'zh' ? `${CODES_ZH[error.code]}。` : translate(language, 'error_unknown')) : '';
  const detail = ENOUGH.has(error.status) || !error.detail ? '' : detail_text(error.detail, language);
  return [capital(detail), advice].filter(Boolean).join(' ');
}
