import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { routes } from '../app.ts';
import { apiDocument } from './document.ts';
import { html, prose } from './html.ts';
import { documentPage } from './page.ts';
import { schemaText } from './schema-text.ts';

describe('the description of the API', () => {
  const document = apiDocument(routes, '1.23.0');
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

  it('is a document that the OpenAPI 3.1 schema accepts, with all its references', async () => {
    const validator = new Validator();
    const plain: Record<string, unknown> = JSON.parse(JSON.stringify(document));
    assert.deepEqual(await validator.validate(plain), { valid: true });
    assert.equal(validator.version, '3.1');
    validator.resolveRefs();
    const broken = JSON.parse(JSON.stringify({ ...document, info: {} })) as Record<string, unknown>;
    assert.equal((await new Validator().validate(broken)).valid, false, 'the validator can say no');
  });

  it('has one operation for each route, under a name of its own', () => {
    assert.equal(operations.length, routes.length);
    const names = operations.map(({ operationId }) => operationId);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    const [first] = routes;
    assert.ok(first !== undefined);
    assert.throws(() => apiDocument([first, first], '1'), /two routes/);
  });

  it('says that a token is needed exactly where the route asks for one', () => {
    const asks = (path: string) => document.paths[path]?.['get']?.security;
    assert.deepEqual(asks('/whoami'), [{ token: [] }]);
    assert.deepEqual(asks('/public_keys/{account}/user/{login}'), [{ token: [] }, {}]);
    assert.deepEqual(asks('/authn/{account}/login'), [{ basic: [] }]);
    assert.deepEqual(asks('/health'), []);
    const secret = document.paths['/secrets/{account}/{kind}/{identifier}'];
    assert.deepEqual(Object.keys(secret ?? {}), ['get', 'post']);
    assert.ok(secret?.['get']?.responses['401'] !== undefined);
    assert.equal(secret?.['get']?.responses['405'], undefined, 'followers read');
    assert.ok(secret?.['post']?.responses['405'] !== undefined);
    const authenticate = document.paths['/authn/{account}/{login}/authenticate'];
    assert.equal(authenticate?.['post']?.responses['405'], undefined, 'and so they authenticate');
  });

  it('has a page that shows every operation, runs nothing and asks for nothing from elsewhere', () => {
    const { body, policy } = documentPage(document);
    for (const { operationId } of operations) assert.ok(body.includes(`<details id="${operationId}">`));
    assert.doesNotMatch(body, /<script|<img|<link|https?:\/\/|\son\w+=/i);
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}';/);
  });
});

describe('a template of HTML', () => {
  it('keeps text as text', () => {
    assert.equal(html`<p title="${'"'}">${'<b>&'}</p>`.text, '<p title="&#34;">&#60;b&#62;&#38;</p>');
    assert.equal(prose('see `a<b` now').text, 'see <code>a&#60;b</code> now');
  });
});

describe('a schema in words', () => {
  it('is short', () => {
    assert.equal(schemaText({}), 'anything');
    assert.equal(schemaText({ enum: ['a', 'b'] }), '"a" | "b"');
    assert.equal(schemaText({ type: 'array', items: { type: 'string' } }), '[string]');
    assert.equal(
      schemaText({ type: 'object', required: ['a'], properties: { a: { type: 'integer' }, b: {} } }),
      '{\n  a: integer\n  b?: anything\n}',
    );
    assert.equal(
      schemaText({ type: 'object', additionalProperties: { type: 'string' } }),
      '{ [name]: string }',
    );
  });
});
