import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

let projects = 0;

/** An administrator and an agent of a project that nobody else uses. */
async function ground(): Promise<{ project: string; root: TestSession; ann: TestSession }> {
  const project = `network-${++projects}`;
  return { project, root: await db.session('root', { project, trust: 4 }), ann: await db.session('ann', { project }) };
}

const verdict = async (session: TestSession, host: string, addresses?: string[]) => {
  const { allowed, reason } = await session.checkNetwork({ host, ...(addresses ? { addresses } : {}) });
  return allowed ? 'allowed' : reason;
};

describe('without a rule of its own, a project', () => {
  test.each([
    ...['https://github.com/acme/web', 'codeload.github.com', 'api.github.com', 'raw.githubusercontent.com'],
    ...['registry.npmjs.org:443', 'pypi.org', 'files.pythonhosted.org', 'abc.supabase.co', 'GITHUB.com.'],
  ])('reaches %s', async (host) => {
    expect(await verdict((await ground()).ann, host)).toBe('allowed');
  });

  test.each([
    ...['example.com', 'evilgithub.com', 'github.com.evil.com', 'supabase.co', 'objects.githubusercontent.com'],
    ...['https://github.com@evil.com/', 'http://evil.com/#@github.com', 'xn--gthub-n4a.com', '93.184.216.34'],
  ])('does not reach %s', async (host) => {
    expect(await verdict((await ground()).ann, host)).toBe('no_rule');
  });
});

describe('a private host', () => {
  const spellings = [
    ...['127.0.0.1', 'localhost', 'LOCALHOST.', 'a.localhost', '[::1]', '::ffff:127.0.0.1', '2130706433', '0x7f.1'],
    ...['0177.0.0.1', '127.1', '0', '10.0.0.1', '192.168.1.1', '172.31.255.255', '169.254.169.254', '100.64.0.1'],
    ...['[fe80::1]', '[fd00::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[::]', 'printer.local', 'db.internal'],
  ];

  test('is denied in every notation, even where everything public is allowed', async () => {
    const { root, ann } = await ground();
    await root.setNetworkRule({ rule: 'all', action: 'allow', pattern: '*' });
    await root.setNetworkRule({ rule: 'all-v4', action: 'allow', pattern: '0.0.0.0/0' });
    await root.setNetworkRule({ rule: 'all-v6', action: 'allow', pattern: '::/0' });
    const verdicts = await Promise.all(spellings.map(async (host) => [host, await verdict(ann, host)]));
    expect(verdicts).toEqual(spellings.map((host) => [host, 'private']));
    expect(await verdict(ann, 'example.com')).toBe('allowed');
    expect(await verdict(ann, '93.184.216.34')).toBe('allowed');
    expect(await verdict(ann, '[2606:2800:220:1::1]')).toBe('allowed');
  });

  test('is reached once a rule names it or its private network', async () => {
    const { root, ann } = await ground();
    await root.setNetworkRule({ rule: 'lan', action: 'allow', pattern: '10.0.0.0/8' });
    await root.setNetworkRule({ rule: 'me', action: 'allow', pattern: 'localhost' });
    expect(await verdict(ann, '10.20.30.40')).toBe('allowed');
    expect(await verdict(ann, '0x0a.1')).toBe('allowed');
    expect(await verdict(ann, '11.0.0.1')).toBe('no_rule');
    expect(await verdict(ann, 'localhost')).toBe('allowed');
    expect(await verdict(ann, '127.0.0.1')).toBe('private');
  });

  test('behind an allowed name needs a rule, too; one of several is enough to be denied', async () => {
    const { root, ann } = await ground();
    expect(await verdict(ann, 'github.com', ['140.82.121.4'])).toBe('allowed');
    for (const addresses of [['127.0.0.1'], ['140.82.121.4', '10.0.0.1'], ['::1'], ['not an address']]) {
      expect(await verdict(ann, 'github.com', addresses)).toBe('private_address');
    }
    await root.setNetworkRule({ rule: 'lan', action: 'allow', pattern: '10.0.0.0/8' });
    expect(await verdict(ann, 'github.com', ['140.82.121.4', '10.0.0.1'])).toBe('allowed');
    expect(await verdict(ann, 'example.com', ['140.82.121.4'])).toBe('no_rule');
  });

  test('a rule that denies addresses holds for each name that leads there, unless the name goes first', async () => {
    const { root, ann } = await ground();
    await root.setNetworkRule({ rule: 'nine', action: 'deny', pattern: '9.9.9.0/24' });
    await root.setNetworkRule({ rule: 'ok', action: 'allow', pattern: 'ok.example.com' });
    const host = 'ok.example.com';
    expect(await ann.checkNetwork({ host, addresses: ['8.8.8.8', '9.9.9.9'] })).toMatchObject({
      ...{ allowed: false, reason: 'denied_by_rule', rule: 'nine' },
    });
    expect(await verdict(ann, host, ['8.8.8.8'])).toBe('allowed');
    // Who may reach a name although everything else is denied reaches it at its addresses.
    await root.setNetworkRule({ rule: 'rest', action: 'deny', pattern: '*' });
    expect(await verdict(ann, host, ['8.8.8.8'])).toBe('allowed');
    await root.setNetworkRule({ rule: 'ok', action: 'allow', pattern: host, priority: 10 });
    expect(await verdict(ann, host, ['9.9.9.9'])).toBe('allowed');
    await root.setNetworkRule({ rule: 'nine', action: 'deny', pattern: '9.9.9.9', priority: 10 });
    expect(await verdict(ann, host, ['9.9.9.9'])).toBe('denied_by_rule');
  });
});

describe('among rules that match', () => {
  test.each([
    ['a lower number first', { pattern: 'a.example.com', priority: 60 }, { pattern: '*', priority: 40 }, 'second'],
    ['then the narrower pattern', { pattern: '*.example.com' }, { pattern: 'a.example.com' }, 'second'],
    ['of wildcards the longer one', { pattern: '*.com' }, { pattern: '*.example.com' }, 'second'],
    ['then the one about the agent', { pattern: 'a.example.com', agent: 'ann' }, { pattern: 'a.example.com' }, 'first'],
    [
      'then the one about its kind',
      { pattern: 'a.example.com' },
      { pattern: 'a.example.com', agent_type: 'test' },
      'second',
    ],
  ])('%s', async (_, first, second, decides) => {
    const { root, ann } = await ground();
    await root.setNetworkRule({ rule: 'first', action: 'allow', ...first });
    await root.setNetworkRule({ rule: 'second', action: 'deny', ...second });
    expect((await ann.checkNetwork({ host: 'a.example.com' })).rule).toBe(decides);
    await root.setNetworkRule({ rule: 'first', action: 'deny', ...first });
    await root.setNetworkRule({ rule: 'second', action: 'allow', ...second });
    expect((await ann.checkNetwork({ host: 'a.example.com' })).rule).toBe(decides);
  });

  test('deny, where nothing else tells them apart', async () => {
    const { root, ann } = await ground();
    await root.setNetworkRule({ rule: 'b', action: 'allow', pattern: 'example.com' });
    await root.setNetworkRule({ rule: 'c', action: 'deny', pattern: 'EXAMPLE.com.' });
    expect(await verdict(ann, 'example.com')).toBe('denied_by_rule');
  });

  test('a wildcard stands for whole labels, and not for none', async () => {
    const { root, ann } = await ground();
    await root.setNetworkRule({ rule: 'a', action: 'allow', pattern: '*.example.com' });
    expect(await verdict(ann, 'a.b.example.com')).toBe('allowed');
    for (const host of ['example.com', 'badexample.com', 'example.com.evil.org']) {
      expect(await verdict(ann, host)).toBe('no_rule');
    }
  });

  test('one about another agent, or another kind of agents, says nothing', async () => {
    const { root, ann, project } = await ground();
    await root.setNetworkRule({ rule: 'bob', action: 'allow', pattern: 'example.com', agent: 'bob' });
    await root.setNetworkRule({ rule: 'codex', action: 'allow', pattern: 'example.org', agent_type: 'codex' });
    expect(await verdict(ann, 'example.com')).toBe('no_rule');
    expect(await verdict(ann, 'example.org')).toBe('no_rule');
    expect(await verdict(await db.session('bob', { project }), 'example.com')).toBe('allowed');
    await root.setProfile({ profile: 'surfer', trust: 2 });
    await root.assignProfile({ profile: 'surfer', agent: 'carl' });
    await root.setNetworkRule({ rule: 'surfers', action: 'allow', pattern: 'example.net', profile: 'surfer' });
    expect(await verdict(ann, 'example.net')).toBe('no_rule');
    expect(await verdict(await db.session('carl', { project }), 'example.net')).toBe('allowed');
    // A session may call itself anything.
    await ann.registerSession({ agent_type: 'codex' });
    expect(await verdict(ann, 'example.org')).toBe('no_rule');
  });

  test('one about an agent holds for its subagents', async () => {
    const { root, ann, project } = await ground();
    await root.setNetworkRule({ rule: 'ann', action: 'deny', pattern: 'github.com', agent: 'ann' });
    const { session_id } = await ann.openSubagent({ name: 'helper' });
    const helper = speakAs(db, { project_id: await projectId(db, project), session_id } as never);
    expect((await helper.checkNetwork({ host: 'github.com' })).reason).toBe('denied_by_rule');
  });

  test('one of all projects with priority 0 comes before everything, and is set on the machine only', async () => {
    const { root, ann, project } = await ground();
    const rule = { rule: 'never', action: 'deny', pattern: '*.example.net', priority: 0 } as const;
    await expect(root.setNetworkRule(rule)).rejects.toMatchObject({ code: 'invalid_input' });
    await root.setNetworkRule({ ...rule, all_projects: true });
    await root.setNetworkRule({ rule: 'mine', action: 'allow', pattern: 'a.example.net', priority: 1, agent: 'ann' });
    expect((await ann.checkNetwork({ host: 'a.example.net' })).rule).toBe('never');
    const { key_id } = await root.createKey({ agent: 'remote', trust: 4 });
    const remote = speakAs(db, { key_id, project_id: await projectId(db, project) });
    const deletion = remote.deleteNetworkRule({ rule: 'never', all_projects: true });
    await expect(deletion).rejects.toMatchObject({ code: 'forbidden' });
    const replacement = remote.setNetworkRule({ ...rule, action: 'allow', all_projects: true });
    await expect(replacement).rejects.toMatchObject({ code: 'forbidden' });
    await root.deleteNetworkRule({ rule: 'never', all_projects: true });
    expect(await verdict(ann, 'a.example.net')).toBe('allowed');
  });
});

describe('rules', () => {
  test('are replaced by name, listed in the order in which they decide, deleted, and journalled', async () => {
    const { root, ann, project } = await ground();
    await root.setNetworkRule({ rule: 'x', action: 'allow', pattern: 'Bücher.example.' });
    expect(await root.setNetworkRule({ rule: 'x', action: 'deny', pattern: '*.Bücher.example' })).toMatchObject({
      ...{ replaced: true, pattern: '*.xn--bcher-kva.example' },
    });
    const { rules } = await ann.listNetworkRules();
    expect(rules.filter((one) => !one.all_projects)).toMatchObject([{ rule: 'x', action: 'deny', set_by: 'root' }]);
    expect(rules.filter((one) => one.all_projects).length).toBe(8);
    await root.deleteNetworkRule({ rule: 'x' });
    await expect(root.deleteNetworkRule({ rule: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(ann.setNetworkRule({ rule: 'y', action: 'allow', pattern: '*' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    const rows = await db.sql<{ outcome: string }[]>`
      select outcome from coord.journal join coord.projects p using (project_id)
      where p.name = ${project} and operation like '%network_rule%' order by entry_id`;
    expect(rows.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'not_found', 'forbidden']);
  });

  test.each([
    ...['*.*.com', 'a*.com', '*com', 'exa mple.com', 'http://example.com', 'example.com:443', 'example.com/x', '**'],
    ...['10.1.2.3/8', '10.0.0.0/33', '*.10.0.0.1', 'a..b', 'user@example.com', '-a.com', '*.'],
  ])('refuse the pattern %s', async (pattern) => {
    const { root } = await ground();
    await expect(root.setNetworkRule({ rule: 'x', action: 'allow', pattern })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('pattern'),
    });
  });
});

describe('decisions', () => {
  test('are counted by hour, agent, host and verdict, and shown to elevated agents', async () => {
    const { root, ann } = await ground();
    for (const host of ['github.com', 'GitHub.com', 'example.com', 'example.com', 'example.com'])
      await verdict(ann, host);
    const { decisions } = await root.listNetworkDecisions({ agent: 'ann' });
    expect(decisions.map(({ host, allowed, requests, rule }) => ({ host, allowed, requests, rule }))).toEqual([
      { host: 'example.com', allowed: false, requests: 3, rule: null },
      { host: 'github.com', allowed: true, requests: 2, rule: 'github' },
    ]);
    expect((await root.listNetworkDecisions({ allowed: true })).decisions.length).toBe(1);
    await expect(ann.listNetworkDecisions()).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('about more than 200 hosts in an hour are counted together, and forgotten after 30 days', async () => {
    const { root, ann } = await ground();
    for (let index = 0; index < 205; index++) await ann.checkNetwork({ host: `h${index}.example.com` });
    const { decisions } = await root.listNetworkDecisions({ limit: 200 });
    expect(decisions.find(({ host }) => host === '')).toMatchObject({ requests: 5 });
    await db.sql`update coord.network_decisions set hour = hour - interval '31 days'`;
    await db.sql`select coord._forget_decisions()`;
    expect((await root.listNetworkDecisions()).decisions).toEqual([]);
  });
});

test('the function itself accepts only the one form of a host', async () => {
  const { project, ann } = await ground();
  const caller = { project_id: await projectId(db, project), session_id: ann.session_id };
  for (const host of ['GitHub.com', 'github.com.', '0x7f.1', '127.1', '010.0.0.1', 'a b', '', '1.2.3']) {
    const args = { p_caller: caller, p_host: host, p_addresses: [], p_computed: null };
    const answer = await db.database.call('check_network', args);
    expect(answer, host).toMatchObject({ error: { code: 'invalid_input' } });
  }
});
