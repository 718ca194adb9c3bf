const given = Symbol('resolve');

interface Query {
  [given]?: (result: unknown) => void;
}

const mended = new WeakSet<object>();

/**
 * Has the queries of the driver (postgres.js 3.4.9) answer with the rows that came, and nothing before them. It counts rows by
 * connection, and does not begin anew where a statement fails behind some of its own (a timeout, a read that replication cancels): the
 * next statement's rows are put behind as many holes, whatever request it belongs to (porsager/postgres issues 1119, 1181).
 *
 * Queries resolve themselves through a property that their constructor sets; it goes through here, once for all clients.
 *
 * @param sql a client, by which their class is found; the query that is made for it is never sent
 */
export function mendResults<S extends (strings: TemplateStringsArray) => object>(sql: S): S {
  const prototype: unknown = Object.getPrototypeOf(sql`select`);
  if (typeof prototype !== 'object' || prototype === null || mended.has(prototype)) return sql;
  mended.add(prototype);
  Object.defineProperty(prototype, 'resolve', {
    set(this: Query, resolve: (result: unknown) => void) {
      this[given] = resolve;
    },
    get(this: Query) {
      const resolve = this[given];
      return (result: unknown) => resolve?.(closeHoles(result));
    },
  });
  return sql;
}

/** One result, or those of several statements. */
function closeHoles(result: unknown): unknown {
  if (!Array.isArray(result)) return result;
  if (result.length > 0 && !(0 in result)) result.splice(0, Number(Object.keys(result)[0] ?? result.length));
  if (Array.isArray(result[0])) for (const each of result) closeHoles(each);
  return result;
}
