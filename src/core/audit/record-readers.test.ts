import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditRecord } from './audit-record.ts';
import { mayRead, type ReadersView } from './record-readers.ts';

describe('who may read a record of the trail', () => {
  const view = (known: {
    readonly administered?: readonly string[];
    readonly seen?: readonly string[];
    readonly had?: readonly string[];
  }): ReadersView => {
    const { administered = [], seen = [], had = [] } = known;
    const of = (id: string): boolean => administered.includes(id.split(':')[0] ?? '');
    return {
      administers: (account) => administered.includes(account),
      sees: (id) => seen.includes(id) || had.includes(id) || of(id),
      has: (id) => had.includes(id) || of(id),
    };
  };
  const record = (
    user: string,
    subject: Readonly<Record<string, string>>,
    auth: Readonly<Record<string, string>> = {},
  ): AuditRecord => ({
    facility: 10,
    severity: 6,
    timestamp: '2026-01-01T00:00:00.000Z',
    appname: 'conjur',
    procid: '1',
    msgid: 'fetch',
    sdata: { 'auth@43868': { user, ...auth }, 'subject@43868': subject },
    message: '',
  });
  const fetch = record('d:user:bob', { resource: 'd:variable:x' });

  it('is whoever sees all that it is about', () => {
    assert.equal(mayRead(fetch, view({ seen: ['d:variable:x'] })), true);
    const grant = record('d:user:bob', { role: 'd:group:g', member: 'd:user:eve' });
    assert.equal(mayRead(grant, view({ seen: ['d:group:g'] })), false);
    assert.equal(mayRead(grant, view({ seen: ['d:group:g'], had: ['d:user:eve'] })), true);
  });

  it('is not whoever sees the one who did it alone', () => {
    assert.equal(mayRead(fetch, view({ seen: ['d:user:bob'] })), false);
    assert.equal(mayRead(fetch, view({ had: ['d:user:bob'] })), false);
  });

  it('is who has the role that did it, where it is about nothing else', () => {
    const list = record('d:user:bob', { search: 'word' });
    assert.equal(mayRead(list, view({ seen: ['d:user:bob'] })), false);
    assert.equal(mayRead(list, view({ had: ['d:user:bob'] })), true);
  });

  it('needs whatever else the subject names', () => {
    const change = record('d:user:bob', { issuer: 'aws', resource_id: 'd:variable:x' });
    assert.equal(mayRead(change, view({ had: ['d:user:bob'] })), false);
    assert.equal(mayRead(change, view({ had: ['d:user:bob'], seen: ['d:variable:x'] })), true);
  });

  it('is told of the service of others only when it sees it', () => {
    const login = record('d:user:bob', { role: 'd:user:bob' }, { service: 'd:webservice:s' });
    assert.equal(mayRead(login, view({ seen: ['d:user:bob'] })), false);
    assert.equal(mayRead(login, view({ seen: ['d:user:bob', 'd:webservice:s'] })), true);
    assert.equal(mayRead(login, view({ had: ['d:user:bob'] })), true);
  });

  it('is the admin of the account, and of no other', () => {
    const admin = view({ administered: ['d'] });
    assert.equal(mayRead(fetch, admin), true);
    assert.equal(mayRead(record('e:user:bob', { resource: 'e:variable:x' }), admin), false);
    assert.equal(mayRead(record('e:user:bob', { search: 'd:variable:x' }), admin), false);
    assert.equal(
      mayRead(record('e:user:bob', { resource: 'd:variable:x' }), admin),
      true,
      'what is done to it',
    );
    const unknown = record('not-found', { role: 'not-found' }, { service: 'd:webservice:s' });
    assert.equal(mayRead(unknown, admin), true);
    assert.equal(mayRead(unknown, view({ seen: ['d:webservice:s'] })), false);
  });

  it('is nobody where no account is named', () => {
    assert.equal(mayRead(record('node n', { node: 'n', chain: 'c' }), view({ administered: ['d'] })), false);
  });
});
