import assert from 'node:assert/strict';
import { chmod, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ApiLab, startApiLab } from './testing/api-lab.ts';

const policy = `
- !policy
  id: shop
  annotations: {description: The shop}
  body:
    - !variable {id: db/password, kind: password}
    - !variable note
    - !variable 'with, comma'
    - !host web
    - !user eve
    - !group ops
    - !grant {role: !group ops, member: !user eve}
    - !permit {role: !host web, privileges: [read, execute], resource: !variable db/password}`;

describe('the command line, with a real server', { timeout: 120_000 }, () => {
  let lab: ApiLab;
  const keys: string[] = [];
  before(async () => {
    lab = await startApiLab();
    keys.push(lab.adminApiKey);
  });
  after(() => lab.stop());

  const ok = async (args: readonly string[], input = ''): Promise<string> => {
    const { code, stdout, stderr } = await lab.holdfast(args, { input });
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const fails = async (args: readonly string[], code: number, says: RegExp, input = ''): Promise<void> => {
    const failed = await lab.holdfast(args, { input });
    assert.deepEqual([failed.code, failed.stdout], [code, ''], `${args.join(' ')}: ${failed.stderr}`);
    assert.match(failed.stderr, says);
    assert.equal(failed.stderr.trimEnd().split('\n').at(-1)?.startsWith('holdfast: '), true, failed.stderr);
  };

  it('remembers a login in a file that nobody else can read', async () => {
    await fails(['whoami'], 2, /--url: no server/u);
    await lab.logIn('admin', `${lab.adminApiKey}\n`);
    assert.equal((await stat(lab.sessionFile)).mode & 0o777, 0o600);
    assert.equal((await stat(dirname(lab.sessionFile))).mode & 0o777, 0o700);
    const me: { readonly username?: string } = JSON.parse(await ok(['whoami', '--json']));
    assert.equal(me.username, 'admin');
    await chmod(lab.sessionFile, 0o644);
    await fails(['whoami'], 2, /others can read.*chmod 600/u);
    await chmod(lab.sessionFile, 0o600);
  });

  it('applies no policy that nobody agreed to, and shows what one would change', async () => {
    const file = await lab.file('shop.yml', policy);
    await fails(['policy', 'load', '-b', 'root', '-f', file], 2, /--yes/u);
    const diff = await ok(['policy', 'diff', '-b', 'root'], policy);
    assert.match(diff, /^\+ variable shop\/db\/password$/mu);
    assert.match(diff, /permits .*host:shop\/web: (read, execute|execute, read)/u);
    assert.equal(await ok(['list', '--kind', 'variable', '--count']), '0\n');
    const loaded: {
      readonly created_roles: Readonly<Record<string, { readonly api_key: string }>>;
      readonly version: number;
    } = JSON.parse(await ok(['policy', 'load', '-b', 'root', '-f', file, '--yes', '--json']));
    assert.deepEqual(Object.keys(loaded.created_roles).sort(), ['demo:host:shop/web', 'demo:user:eve@shop']);
    assert.equal(loaded.version, 1);
    keys.push(...Object.values(loaded.created_roles).map((role) => role.api_key));
    const smaller = policy.replace('    - !variable note\n', '');
    assert.match(
      await ok(['policy', 'diff', '-b', 'root', '-m', 'replace'], smaller),
      /^- variable shop\/note$/mu,
    );
    assert.equal(await ok(['policy', 'replace', '-b', 'root', '--yes'], smaller), '');
    assert.equal(await ok(['list', '--kind', 'variable', '--count']), '2\n');
    await fails(
      ['policy', 'load', '-b', 'root', '-y'],
      1,
      /line 2, column \d+/u,
      '- !group x\n- !nonsense y',
    );
    await fails(['policy', 'load', '-b', 'root', '-y'], 1, /not present/u, '');
    await fails(['policy', 'load', '-b', 'root', '-y', '-f', '/nonexistent'], 2, /--file: \/nonexistent/u);
    await fails(['policy', 'load', '-y'], 2, /--branch/u);
  });

  it('stores a value byte for byte, and gives it back so', async () => {
    const id = 'shop/db/password';
    const bytes = Buffer.from([0, 255, 10, 13, 10]);
    await ok(['variable', 'set', id, '--file', await lab.file('value', bytes)]);
    const raw = await lab.holdfast(['variable', 'get', id]);
    assert.equal(Buffer.byteLength(raw.stdout), Buffer.byteLength(bytes.toString()));
    await ok(['variable', 'set', id], 'canary-value\n');
    assert.equal(await ok(['variable', 'get', id]), 'canary-value\n');
    await ok(['variable', 'set', id, '--trim'], 'canary-value\n');
    assert.equal(await ok(['variable', 'get', id]), 'canary-value');
    assert.equal(await ok(['variable', 'get', id, '--version', '2']), 'canary-value\n');
    assert.deepEqual(JSON.parse(await ok(['variable', 'get', id, '--json'])), { [id]: 'canary-value' });
    const comma = 'shop/with, comma';
    await ok(['variable', 'set', comma], 'canary-value');
    assert.deepEqual(JSON.parse(await ok(['variable', 'get', comma, '--json'])), { [comma]: 'canary-value' });
    await fails(['variable', 'get', id, 'shop/none'], 1, /CONJ00076E.*404/u);
    await fails(['variable', 'get', id, id, '--version', '1'], 2, /--version/u);
    await fails(['variable', 'get', id, '--version', '1', '--json'], 2, /not text/u);
    await fails(['variable', 'set', id], 2, /empty/u);
    await fails(['variable', 'set', id, 'canary-in-argv'], 2, /too many arguments/u);
  });

  it('shows resources and roles for people and for programs', async () => {
    assert.match(
      await ok(['list', '--search', 'password']),
      /KIND +ID +OWNER\nvariable +shop\/db\/password +policy:shop/u,
    );
    assert.match(
      await ok(['show', 'variable:shop/db/password']),
      /conjur\/kind +password[\s\S]*host:shop\/web +execute, read/u,
    );
    assert.match(await ok(['show', 'demo:host:shop/web', '--json']), /"id": "demo:host:shop\/web"/u);
    assert.match(await ok(['role', 'members', 'group:shop/ops']), /user:eve@shop +no/u);
    assert.equal(await ok(['role', 'memberships', 'user:eve@shop']), 'group:shop/ops\nuser:eve@shop\n');
    assert.match(await ok(['role', 'memberships', 'user:eve@shop', '--direct']), /group:shop\/ops/u);
    await ok(['role', 'show', 'group:shop/ops']);
    await fails(['show', 'shop/db'], 2, /kind:id/u);
    await fails(['show', 'variable:none'], 1, /404/u);
    await fails(['list', '--kind', 'secrets'], 2, /--kind: "secrets" is none of/u);
  });

  it('answers a check by word and exit code', async () => {
    const check = ['check', 'variable:shop/db/password', 'execute'];
    assert.equal(await ok([...check, '--role', 'host:shop/web']), 'yes\n');
    const no = await lab.holdfast([...check.slice(0, 2), 'update', '--role', 'host:shop/web']);
    assert.deepEqual([no.code, no.stdout, no.stderr], [1, 'no\n', '']);
  });

  it('prints a rotated key of another, remembers its own, and takes passwords from standard input', async () => {
    const web = (await ok(['host', 'rotate-key', 'shop/web'])).trim();
    keys.push(web);
    const env = { CONJUR_AUTHN_LOGIN: 'host/shop/web', CONJUR_AUTHN_API_KEY: web };
    const asWeb = await lab.holdfast(['variable', 'get', 'shop/db/password'], { env });
    assert.deepEqual([asWeb.code, asWeb.stdout], [0, 'canary-value'], asWeb.stderr);
    const own = await lab.holdfast(['host', 'rotate-key'], { env });
    assert.equal(own.code, 0, own.stderr);
    keys.push(own.stdout.trim());
    assert.equal(await ok(['user', 'rotate-key']), '', 'it is in the session');
    assert.match(await ok(['whoami']), /admin/u);
    await fails(['user', 'password'], 1, /CONJ00046E/u, 'canary-weak\n');
    await ok(['user', 'password'], 'Canary-Password-2026!\n');
    await lab.logIn('admin', 'Canary-Password-2026!');
    await fails(['login', 'admin'], 1, /401/u, 'Canary-Wrong-2026!');
    await fails(['login', 'admin'], 2, /nothing was given/u);
  });

  it('takes what the official tools left: environment, .conjurrc and .netrc', async () => {
    const session: { readonly apiKey: string } = JSON.parse(await readFile(lab.sessionFile, 'utf8'));
    keys.push(session.apiKey);
    await ok(['logout']);
    await fails(['whoami'], 2, /--url/u);
    const { url } = lab;
    await lab.file('.conjurrc', `---\naccount: demo\nappliance_url: ${url}\ncredential_storage: file\n`);
    await fails(['whoami'], 2, /nobody is logged in/u);
    await lab.file('.netrc', `machine ${url}/authn\n  login admin\n  password ${session.apiKey}\n`);
    assert.match(await ok(['whoami']), /login +admin/u);
    const env = {
      CONJUR_APPLIANCE_URL: url,
      CONJUR_ACCOUNT: 'demo',
      CONJUR_AUTHN_LOGIN: 'admin',
      CONJUR_AUTHN_API_KEY: session.apiKey,
    };
    assert.equal((await lab.holdfast(['whoami'], { env: { ...env, HOME: '/nonexistent' } })).code, 0);
    const ours = { HOLDFAST_URL: 'https://127.0.0.1:9', HOLDFAST_ACCOUNT: 'demo', HOLDFAST_LOGIN: 'admin' };
    const elsewhere = await lab.holdfast(['whoami'], { env: { ...env, ...ours } });
    assert.deepEqual(
      [elsewhere.code, /no API key for admin/u.test(elsewhere.stderr)],
      [2, true],
      elsewhere.stderr,
    );
    await lab.file('.conjurrc', ': no : yaml : [');
    await fails(['whoami'], 2, /conjurrc: it is no YAML/u);
  });

  it('has printed no key, password or value among what it says to people', () => {
    const printed = lab.printed();
    for (const secret of [...keys, 'canary', 'Canary']) assert.ok(!printed.includes(secret), secret);
    assert.ok(keys.length >= 5);
  });
});
