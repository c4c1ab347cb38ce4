// SPDX-License-Identifier: MIT
// The first rows of a delimited text, for previews; and rows written as CSV, for downloads.

const delimiters = [',', '\t', ';', '|'] as const;

/** The delimiter that occurs most in the first line outside quotes. */
export function guessDelimiter(text: string): string {
  const line = (text.split('\n', 1)[0] ?? '').replace(/"[^"]*"/g, '');
  return delimiters.reduce((best, mark) => (line.split(mark).length > line.split(best).length ? mark : best), ',');
}

/** At most `limit` rows. Quotes as RFC 4180 has them; a quote that never closes ends with the text. */
export function parseRows(text: string, limit: number, delimiter = guessDelimiter(text)): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let index = 0; index < text.length && rows.length < limit; index += 1) {
    const mark = text[index];
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (text[index + 1] === '"') {
        cell += '"';
        index += 1;
      } else quoted = false;
    } else if (mark === '"' && cell === '') quoted = true;
    else if (mark === delimiter) {
      row.push(cell);
      cell = '';
    } else if (mark === '\n') {
      row.push(cell.replace(/\r$/, ''));
      rows.push(row);
      row = [];
      cell = '';
    } else cell += mark;
  }
  if (rows.length < limit && (cell !== '' || row.length)) {
    row.push(cell);
    rows.push(row);
  }
  return rows;
}

function quote(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function writeCsv(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [header, ...rows].map((row) => row.map(quote).join(',')).join('\n') + '\n';
}
