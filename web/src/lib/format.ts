// Numbers for people.
import type { Language } from './i18n';

export function duration_text(seconds: number, language: Language): string {
  const s = Math.max(0, Math.round(seconds));
  const units = language === 'zh' ? [' 小时 ', ' 分 ', ' 秒'] : [' h ', ' min ', ' s'];
  if (s < 60) return seconds > 0 && seconds < 1 ? `< 1${units[2]}` : `${s}${units[2]}`;
  if (s < 3600) return (s < 600 && s % 60 ? `${Math.floor(s / 60)}${units[1]}${s % 60}${units[2]}` : `${Math.round(s / 60)}${units[1]}`).trim();
  const minutes = Math.round(s / 60);
  return `${Math.floor(minutes / 60)}${units[0]}${minutes % 60}${units[1]}`.trim();
}

export function bytes_text(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    ++unit;
  }
  return `${unit < 2 || Math.abs(value) >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export const percent = (fraction: number) => `${Math.floor(fraction * 100)}%`;

export function fps_text(fps: string): string {
  const [over, under] = fps.split('/').map(Number);
  const value = under ? (over ?? 0) / under : Number(fps);
  return Number.isFinite(value) ? String(Math.round(value * 1000) / 1000) : fps;
}
