import { v2MediaType } from '../../http/media-types.ts';
import { anyText, type ContentAbout, type JsonSchema, objectOf } from '../../http/route-about.ts';

/** A branch as the wire shows it. */
export const branchSchema: JsonSchema = objectOf({
  name: anyText,
  branch: anyText,
  owner: objectOf({ kind: anyText, id: anyText }),
  annotations: { type: 'object', additionalProperties: anyText },
});

export const without = 'There is no such branch, or the caller has not the privilege.';
export const headerMissing = 'The Accept header does not ask for version 2, or the body is no JSON.';

/** An answer or body of version 2. */
export function v2Content(about: string, schema: JsonSchema): ContentAbout {
  return { about, content: { [v2MediaType]: schema } };
}
