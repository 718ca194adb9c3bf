/** One step of a database's schema. Never edited once released: a change is a new step. */
export interface Migration {
  /** Counted from 1 within its database, without gaps. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}
