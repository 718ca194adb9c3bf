import type { AuditRecord } from './audit-record.ts';

/** Which records are asked for. Null: whatever it is. */
export interface RecordFilter {
  readonly facility: number | null;
  readonly severity: number | null;
  readonly hostname: string | null;
  readonly appname: string | null;
  readonly procid: string | null;
  readonly msgid: string | null;
  readonly sdata: readonly SdataField[];
  readonly resource: string | null;
  readonly role: string | null;
  /** A resource or a role. */
  readonly entity: string | null;
  /** From then on; as records have their time, so that the order of texts is that of times. */
  readonly since: string | null;
  /** Before then. */
  readonly until: string | null;
}

/** A field of the structured data with its value: `[subject@43868 role="…"]`. */
export interface SdataField {
  readonly element: string;
  readonly name: string;
  readonly value: string;
}

/** A record, and the node that wrote it where that is known. */
export interface FoundRecord {
  readonly record: AuditRecord;
  readonly hostname: string | null;
}

/** Every record. */
export const anyRecord: RecordFilter = {
  facility: null,
  severity: null,
  hostname: null,
  appname: null,
  procid: null,
  msgid: null,
  sdata: [],
  resource: null,
  role: null,
  entity: null,
  since: null,
  until: null,
};

/** Where Conjur looks for the id of a resource; its `policy` is called `id` in our records. */
const resourcePlaces = [
  ['subject@43868', 'resource'],
  ['policy@43868', 'policy'],
  ['policy@43868', 'id'],
  ['auth@43868', 'service'],
] as const;
/** ... and for that of a role. */
const rolePlaces = [
  ['subject@43868', 'role'],
  ['subject@43868', 'member'],
  ['policy@43868', 'policy'],
  ['policy@43868', 'id'],
  ['auth@43868', 'user'],
] as const;

/** What the structured data must hold: of each list one field at least. */
export function sdataConditions({
  sdata,
  resource,
  role,
  entity,
}: RecordFilter): readonly (readonly SdataField[])[] {
  return [
    ...sdata.map((field) => [field]),
    ...(resource === null ? [] : [fieldsAt(resourcePlaces, resource)]),
    ...(role === null ? [] : [fieldsAt(rolePlaces, role)]),
    ...(entity === null ? [] : [fieldsAt([...resourcePlaces, ...rolePlaces], entity)]),
  ];
}

/** Whether a record that stands for itself alone (`eachRecord`) is one of those that are asked for. */
export function matchesFilter({ record, hostname }: FoundRecord, filter: RecordFilter): boolean {
  return (
    sameOrAny(filter.facility, record.facility) &&
    sameOrAny(filter.severity, record.severity) &&
    sameOrAny(filter.hostname, hostname) &&
    sameOrAny(filter.appname, record.appname) &&
    sameOrAny(filter.procid, record.procid) &&
    sameOrAny(filter.msgid, record.msgid) &&
    (filter.since === null || record.timestamp >= filter.since) &&
    (filter.until === null || record.timestamp < filter.until) &&
    sdataConditions(filter).every((fields) =>
      fields.some(({ element, name, value }) => record.sdata[element]?.[name] === value),
    )
  );
}

function sameOrAny<T>(wanted: T | null, is: T): boolean {
  return wanted === null || wanted === is;
}

function fieldsAt(places: readonly (readonly [string, string])[], value: string): readonly SdataField[] {
  return places.map(([element, name]) => ({ element, name, value }));
}
