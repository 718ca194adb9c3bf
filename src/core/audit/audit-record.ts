/** One record of the audit trail: the fields of an RFC 5424 message. */
export interface AuditRecord {
  readonly facility: number;
  readonly severity: number;
  /** ISO 8601, in UTC and milliseconds. */
  readonly timestamp: string;
  readonly appname: string;
  readonly procid: string;
  readonly msgid: string;
  readonly sdata: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly message: string;
  /** Further records of the same request, which differ in the resource alone (see the view `all_messages`). */
  readonly also?: {
    readonly resources: readonly string[];
    /** The message of each is its resource between these. */
    readonly before: string;
    readonly after: string;
  };
}
