import type { AuditRecord } from './audit-record.ts';

/** RFC 5424, 6: the version of the protocol, and the sign for a field that is not known. */
const version = 1;
const nil = '-';
/** RFC 5424, 6.2: how long the fields of the header may be. */
const limits = { hostname: 255, appname: 48, procid: 128, msgid: 32, name: 32 };

/** Whose record it is, beside what the record says. */
export interface SyslogOrigin {
  /** HOSTNAME; null: not told, as in Conjur's own files. */
  readonly hostname: string | null;
  /** Further structured data, such as the record's place in its chain. */
  readonly sdata?: AuditRecord['sdata'];
}

/** The record as a message of RFC 5424, without a framing. Of a record that stands for several, the first: see `eachRecord`. */
export function syslogLine(record: AuditRecord, origin: SyslogOrigin): string {
  const { facility, severity, timestamp, appname, procid, msgid, message } = record;
  const header = [
    `<${facility * 8 + severity}>${version}`,
    timestamp,
    headerField(origin.hostname ?? '', limits.hostname),
    headerField(appname, limits.appname),
    headerField(procid, limits.procid),
    headerField(msgid, limits.msgid),
    structuredData({ ...record.sdata, ...origin.sdata }),
  ].join(' ');
  return message === '' ? header : `${header} ${oneLine(message)}`;
}

/** The records that a row of the trail stands for: a request that reads many variables leaves one. */
export function eachRecord(record: AuditRecord): readonly AuditRecord[] {
  const { also, ...first } = record;
  if (also === undefined) return [first];
  const subject = 'subject@43868';
  return [
    first,
    ...also.resources.map((resource) => ({
      ...first,
      sdata: { ...first.sdata, [subject]: { ...first.sdata[subject], resource } },
      message: `${also.before}${resource}${also.after}`,
    })),
  ];
}

/** RFC 5424, 6.2: printable ASCII without spaces, or nil. */
function headerField(text: string, limit: number): string {
  const printable = text.replaceAll(/[^\u0021-\u007e]/g, '_').slice(0, limit);
  return printable === '' ? nil : printable;
}

function structuredData(sdata: AuditRecord['sdata']): string {
  const elements = Object.entries(sdata).map(([id, fields]) => {
    const parameters = Object.entries(fields).map(([name, value]) => ` ${sdName(name)}="${escaped(value)}"`);
    return `[${sdName(id)}${parameters.join('')}]`;
  });
  return elements.length === 0 ? nil : elements.join('');
}

/** RFC 5424, 6.3.2: as a field of the header, and without the signs that end it. */
function sdName(name: string): string {
  return headerField(name.replaceAll(/[\]="]/g, '_'), limits.name);
}

/** RFC 5424, 6.3.3: a backslash before backslash, quote and bracket. A line stays a line: what would break it is shown as such. */
function escaped(value: string): string {
  return oneLine(value.replaceAll(/[\\"\]]/g, (sign) => `\\${sign}`));
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (sign) => {
    return `#${sign.charCodeAt(0).toString(8).padStart(3, '0')}`;
  });
}
