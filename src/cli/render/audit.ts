import type { ApiRecord } from '../../client/resources.ts';
import { plain, withoutAccount } from './plain.ts';
import type { Style } from './style.ts';
import { type Cell, renderTable } from './table.ts';

/** What a record is about, in this order. */
const subjects = ['resource', 'role', 'member', 'owner', 'account', 'issuer'] as const;

/** Records of the audit trail, one line each. */
export function renderRecords(records: readonly ApiRecord[], account: string, style: Style): string {
  const heading = ['TIME', 'WHO', 'WHAT', 'RESULT'].map((text) => ({ text, paint: style.faint }));
  return renderTable([heading, ...records.map((record) => cells(record, account, style))]).join('\n');
}

/** One record in a line of its own, for a list without an end. */
export function renderRecord(record: ApiRecord, style: Style): string {
  return renderTable([cells(record, null, style)]).join('');
}

function cells(record: ApiRecord, account: string | null, style: Style): readonly Cell[] {
  const short = (id: string): string => (account === null ? id : withoutAccount(id, account));
  const result = fieldOf(record, 'action@43868', 'result');
  const user = fieldOf(record, 'auth@43868', 'user');
  const about = subjects.flatMap((name) => {
    const id = fieldOf(record, 'subject@43868', name);
    return id === '' ? [] : [short(id)];
  });
  const operation = fieldOf(record, 'action@43868', 'operation');
  const what = [operation === '' ? textField(record, 'msgid') : operation, ...about].join(' ');
  const paint = result === 'failure' ? { paint: style.fault } : {};
  return [
    { text: plain(textField(record, 'timestamp').replace('T', ' ')), paint: style.faint },
    { text: plain(short(user)) },
    { text: plain(what) },
    { text: plain(result), ...paint },
  ];
}

function fieldOf(record: ApiRecord, element: string, name: string): string {
  const { sdata } = record;
  if (typeof sdata !== 'object' || sdata === null) return '';
  const fields: unknown = Object.getOwnPropertyDescriptor(sdata, element)?.value;
  if (typeof fields !== 'object' || fields === null) return '';
  const value: unknown = Object.getOwnPropertyDescriptor(fields, name)?.value;
  return typeof value === 'string' ? value : '';
}

function textField(record: ApiRecord, name: string): string {
  const value = record[name];
  return typeof value === 'string' ? value : '';
}
