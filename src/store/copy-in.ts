import type { TransactionSql } from './connection.ts';

/**
 * Copies rows into a table (manual, COPY), inside a transaction. **What goes wrong is seen by the next statement at the latest**,
 * which finds the transaction aborted: so there has to be one before the commit. The driver (postgres.js 3.4.9) never ends a copy
 * that PostgreSQL refused, and nobody may wait for that; but it takes the next statement as soon as the end was sent.
 *
 * @param statement `copy … from stdin`; it takes no parameters
 * @param rows lines in the text format (see `copyColumns`)
 */
export async function copyIn(sql: TransactionSql, statement: string, rows: string): Promise<void> {
  const sink = await sql.unsafe(statement).writable();
  await new Promise<void>((resolve, reject) => {
    sink.on('error', reject);
    sink.write(rows, (error) => (error ? reject(error) : resolve()));
  });
  sink.end();
}

/** Columns of a row in the text format of COPY (manual, "File Formats"), without the end of the line. */
export function copyColumns(columns: readonly (string | number | null)[]): string {
  return columns.map(copied).join('\t');
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function copied(value: string | number | null): string {
  if (value === null) return '\\N';
  const text = String(value);
  return /[\\\t\n\r]/.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (sign) => escapes[sign] ?? sign) : text;
}
