import * as fc from 'fast-check';
import type { SourceLob } from '../source-state.ts';
import type { ModelAccount } from './model-target.ts';

const awkward = ['db', 'a:b/c', '..', '~', 'web server', '-x', 'delegation', 'ä'] as const;
const properties = ['password', 'username', 'port:1'] as const;

const account: fc.Arbitrary<ModelAccount> = fc
  .record({
    id: fc.constantFrom('1_1', '1_2', '1_3', '1/4'),
    name: fc.constantFrom(...awkward),
    values: fc.dictionary(fc.constantFrom(...properties), fc.constantFrom('x', 'y', 'z'), {
      minKeys: 1,
      noNullPrototype: true,
    }),
    revision: fc.constantFrom('r1', 'r2', null),
  })
  .map((each) => ({ ...each, properties: Object.keys(each.values) }));

const accounts = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(account, { maxLength: 4 }).map((value) => ({ ok: true as const, value })),
  },
  { weight: 1, arbitrary: fc.constant({ ok: false as const, fault: 'the safe cannot be read' }) },
);

const safes = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .uniqueArray(fc.record({ name: fc.constantFrom('s', 's:2', 'S-admins'), accounts }), {
        selector: ({ name }) => name,
        maxLength: 3,
      })
      .map((value) => ({ ok: true as const, value })),
  },
  { weight: 1, arbitrary: fc.constant({ ok: false as const, fault: 'nobody answers' }) },
);

/** What a source may say: lines of business, safes and accounts that share names, fail, and are empty. */
export const randomSource: fc.Arbitrary<readonly SourceLob<ModelAccount>[]> = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('lob-1', 'lob/2'), safes }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 2 },
);
