// SPDX-License-Identifier: MIT
// A chart as a drawing of its own, for papers and slides: light colours, its title and legend in it, no page around it.
import { dashes } from '../lib/colors';
import { formatShort, formatSpan } from '../lib/format';
import { isolated, prepare, type Line } from './plot';

export interface Chart {
  title: string;
  unit?: string;
  lines: readonly Line[];
  axis: 'step' | 'relative' | 'time';
  log?: boolean;
  zero?: boolean;
  smoothing?: number;
  range?: [number, number];
  format?: (value: number) => string;
}

export interface Drawing {
  svg: string;
  width: number;
  height: number;
}

const width = 960;
const plotHeight = 420;
const left = 76;
const right = 24;
const top = 52;
const legendLine = 22;
const ticksX = 7;
const ticksY = 5;
/** The light theme's hues: a drawing goes onto paper. */
const hues = ['#0072b2', '#d55e00', '#009e73', '#b8558c', '#c98500', '#3d9fd6', '#7a4eab', '#84671d', '#5b6670', '#a8325e'];

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Round values that cover a span: 1, 2 or 5 times a power of ten apart. */
export function roundTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const out: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) out.push(Number((at * step).toPrecision(12)));
  return out;
}

function powerTicks(low: number, high: number): number[] {
  const out: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    const value = 10 ** power;
    if (value >= low * 0.999 && value <= high * 1.001) out.push(value);
  }
  return out.length > 1 ? out : [low, high];
}

function timeText(seconds: number, span: number): string {
  const options: Intl.DateTimeFormatOptions = span > 172_800 ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' };
  return new Date(seconds * 1000).toLocaleString('en-GB', options);
}

function reach(values: readonly number[], log: boolean, zero: boolean): [number, number] {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (!values.length) return log ? [1, 10] : [0, 1];
  if (zero && !log) {
    low = Math.min(0, low);
    high = Math.max(0, high) || 1;
  }
  if (low === high) return log ? [low / 2, high * 2] : [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
  const pad = log ? 0 : (high - low) * 0.05;
  return [zero && low === 0 ? 0 : low - pad, high + pad];
}

/** Draws what the chart on the page shows: its lines, its part of the axis, its smoothing. */
export function drawSvg(chart: Chart): Drawing {
  const { title, unit = '', axis, log = false, zero = false, format = (value: number) => formatShort(value, 3) } = chart;
  const prepared = prepare(chart.lines, chart.smoothing ?? 0, log);
  const xs = prepared.data[0];
  const [fromX, toX] = chart.range ?? [xs[0] ?? 0, xs.at(-1) ?? 1];
  const lines = prepared.lines.map(({ line, raw }, index) => ({
    line,
    raw,
    points: xs.flatMap((x, at) => {
      const y = prepared.data[index + 1]?.[at];
      return y === undefined || x < fromX || x > toX ? [] : [{ x, y }];
    }),
  }));
  const [low, high] = reach(lines.flatMap(({ points }) => points.flatMap(({ y }) => (y === null ? [] : [y]))), log, zero);
  const scale = (value: number): number => (log ? Math.log10(value) : value);
  const px = (x: number): number => left + ((x - fromX) / (toX - fromX || 1)) * (width - left - right);
  const py = (y: number): number => top + plotHeight - ((scale(y) - scale(low)) / (scale(high) - scale(low) || 1)) * plotHeight;
  const bottom = top + plotHeight;
  const parts: string[] = [];
  const text = (x: number, y: number, said: string, more = ''): string => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(said)}</text>`;
  parts.push(text(left, 26, unit ? `${title} (${unit === 'ratio' ? '%' : unit})` : title, 'font-size="17" font-weight="600" fill="#1c1917"'));
  for (const value of log ? powerTicks(low, high) : roundTicks(low, high, ticksY)) {
    parts.push(`<line x1="${left}" x2="${width - right}" y1="${py(value).toFixed(1)}" y2="${py(value).toFixed(1)}" stroke="#e7e5e4"/>`);
    parts.push(text(left - 10, py(value) + 4, format(value), 'text-anchor="end"'));
  }
  for (const value of roundTicks(fromX, toX, ticksX)) {
    const said = axis === 'time' ? timeText(value, toX - fromX) : axis === 'step' ? formatShort(value, 3) : formatSpan(value);
    parts.push(text(px(value), bottom + 20, said, 'text-anchor="middle"'));
  }
  parts.push(`<line x1="${left}" x2="${width - right}" y1="${bottom}" y2="${bottom}" stroke="#d6d3d1"/>`);
  for (const { line, raw, points } of lines) {
    const color = hues[line.hue] ?? hues[0];
    const dash = (dashes[line.dash ?? 0] ?? []).join(' ');
    let path = '';
    let pen = 'M';
    for (const { x, y } of points) {
      if (y === null) pen = 'M';
      else {
        path += `${pen}${px(x).toFixed(1)} ${py(y).toFixed(1)}`;
        pen = 'L';
      }
    }
    for (const at of isolated(points.map(({ y }) => y))) {
      const lone = points[at];
      if (lone?.y != null) parts.push(`<circle cx="${px(lone.x).toFixed(1)}" cy="${py(lone.y).toFixed(1)}" r="3.5" fill="${color}"${raw ? ' opacity="0.25"' : ''}/>`);
    }
    if (path.includes('L')) parts.push(`<path d="${path}" fill="none" stroke="${color}" stroke-width="${raw ? 1 : 2}"${raw ? ' opacity="0.25"' : ''}${dash ? ` stroke-dasharray="${dash}"` : ''} stroke-linejoin="round"/>`);
  }
  let legendX = left;
  let legendY = bottom + 48;
  for (const { line } of lines.filter(({ raw }) => !raw)) {
    const wide = 34 + line.label.length * 7.2;
    if (legendX + wide > width - right && legendX > left) {
      legendX = left;
      legendY += legendLine;
    }
    const dash = (dashes[line.dash ?? 0] ?? []).join(' ');
    parts.push(`<line x1="${legendX}" x2="${legendX + 20}" y1="${legendY - 4}" y2="${legendY - 4}" stroke="${hues[line.hue] ?? hues[0]}" stroke-width="2.5"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`);
    parts.push(text(legendX + 26, legendY, line.label));
    legendX += wide + 12;
  }
  const height = legendY + 20;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Inter, system-ui, sans-serif" font-size="12.5" fill="#57534e">`;
  return { svg: `${head}<title>${escape(title)}</title><rect width="${width}" height="${height}" fill="#ffffff"/>${parts.join('')}</svg>`, width, height };
}

const pixelRatio = 2;

/** The drawing as a picture, two pixels to the point. */
export async function rasterize({ svg, width: wide, height: tall }: Drawing): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = wide * pixelRatio;
    canvas.height = tall * pixelRatio;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (!blob) throw new Error('The browser could not make the picture. Take the drawing (SVG) instead.');
    return blob;
  } finally {
    URL.revokeObjectURL(address);
  }
}
