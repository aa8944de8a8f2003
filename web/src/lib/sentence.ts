// A failure as a sentence that says what to do. The service's own sentence names the particulars, in English.
import { ApiError } from './api';
import { translate, type Key, type Language } from './i18n';

const BY_STATUS: Record<number, Key> = {
  0: 'error_offline', 401: 'error_token', 404: 'error_gone', 409: 'error_busy', 413: 'error_too_large', 415: 'error_format',
  429: 'error_rate', 500: 'error_server', 503: 'error_busy', 507: 'error_memory',
};
/** For these the service's sentence adds nothing for a person. */
const ENOUGH = new Set([0, 401, 429]);

export function sentence(error: unknown, language: Language): string {
  if (!(error instanceof ApiError)) return translate(language, 'error_unknown');
  const key = BY_STATUS[error.status];
  const advice = key ? translate(language, key)
    : error.field && error.field in FIELDS ? translate(language, 'error_field', { field: translate(language, FIELDS[error.field] as Key) })
    : language === 'zh' || !error.detail ? translate(language, 'error_unknown') : '';
  const detail = ENOUGH.has(error.status) || !error.detail ? ''
    : error.detail.charAt(0).toUpperCase() + error.detail.slice(1).replace(/\.?$/, '.');
  return [detail, advice].filter(Boolean).join(' ');
}

const FIELDS: Record<string, Key> = {
  prompt: 'prompt', negative_prompt: 'negative_prompt', engine: 'engine', preset: 'preset', aspect: 'aspect', size: 'size',
  duration: 'duration', fps: 'fps', steps: 'steps', guidance: 'guidance', seed: 'seed', loop: 'loop', quality: 'quality',
  fit: 'fit', picture: 'picture',
};
