import { jsonSchemaOf, type Operation, operationNamed } from '@agentcoord/contract';
import { describe, expect, test } from 'vitest';
import { readable, render } from '../packages/cli/src/answer.ts';
import { fromNow } from '../packages/cli/src/moment.ts';

const names = 'ann bob-laptop codex-7f3a claude-9c1e gemini-77aa ci-runner-eu-west-1 dora eve fay-mcp-1234 gus'.split(
  ' ',
);
const paths = [
  'src/server.ts',
  'packages/core/src/databases/postgres.ts',
  `packages/${'deeply/nested/'.repeat(8)}authentication.ts`,
  'docs/',
  'src/**/*.test.ts',
  'resource:port-5432',
  'label:deploy',
];
const title = 'Replace the connection pool so that it keeps the connection used last, and measure what that brings';
const reason = 'moving everything to another folder, which takes a while';

const id = (number: number) => `019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4${String(number).padStart(3, '0')}`;
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

/** As a team of ten has it: long names, long paths, shared locks, agents that wait. */
const answers: Record<string, Record<string, unknown>> = {
  locks: {
    locks: paths.map((path, index) => ({
      ...{ path, agent: names[index], agent_type: 'claude_code', session_id: id(index) },
      ...{ reason: index % 2 ? reason : null, since: inSeconds(-60 * index), expires_at: inSeconds(840) },
      ...{ mode: index % 3 ? 'exclusive' : 'shared', token: index + 1, mine: index === 0 },
      waiting: index === 1 ? names.slice(6, 8).map((agent, place) => ({ position: place + 1, agent })) : [],
    })),
    truncated: false,
  },
  tasks: {
    tasks: names.map((agent, index) => ({
      ...{ task_id: id(100 + index), status: index % 2 ? 'claimed' : 'blocked', agent: index % 2 ? agent : null },
      ...{ type: 'task', title: index % 3 ? title : `Write part ${index}`, priority: index + 1 },
      ...{ tags: index % 2 ? ['core', 'speed'] : [], attempts: index % 2, max_attempts: 3 },
      created_at: inSeconds(-3600 * index),
    })),
    next_before: id(109),
  },
  board: {
    agents: names.map((agent, index) => ({
      ...{ agent, agent_type: 'claude_code', session_id: id(index), presence: index % 2 ? 'idle' : 'active' },
      working_on: index % 2 ? reason : null,
      tasks: index % 3 ? [] : [{ task_id: id(200 + index), title }],
    })),
    tasks: { ready: 12, blocked: 3, claimed: 4, done: 120, failed: 1 },
    locks: 7,
  },
  hung: {
    tasks: names.slice(0, 2).map((agent, index) => ({
      ...{ agent, task_id: id(300 + index), title, silent_seconds: 2520, claim_token: 2 },
      ...{ session_id: id(index), claimed_at: inSeconds(-4000) },
    })),
  },
};

describe.each(Object.entries(answers))('an answer such as that of %s', (_, answer) => {
  test.each([40, 60, 80, 120, 200])('fits %i columns', (width) => {
    const lines = render(answer, width).split('\n');
    expect(lines.filter((line) => line.length > width)).toEqual([]);
  });

  test.each([80, 120])(
    'shows in %i columns who, what and until when, with the ids that the next command needs',
    (width) => {
      const text = render(answer, width);
      const rows = Object.values(answer).filter(Array.isArray).flat() as Record<string, unknown>[];
      const shown = rows.flatMap(({ agent, task_id, mode, status, position, tasks, waiting }) =>
        [
          agent,
          task_id,
          mode,
          status,
          position,
          ...((tasks ?? waiting ?? []) as { task_id?: string }[]).map((each) => each.task_id),
        ].filter((value) => typeof value === 'string'),
      );
      expect(shown.filter((value) => !text.includes(value))).toEqual([]);
      const words = rows.flatMap((row) => [row.title, row.reason, row.working_on, row.type].join(' ').split(' '));
      expect(words.filter((word) => !text.includes(word))).toEqual([]);
    },
  );
});

describe('answers for people', () => {
  test('give what is deep a block of its own, so that nothing of it is JSON', () => {
    const task = {
      task_id: id(1),
      title: 'Rename the field in every caller',
      tags: ['a', 'b'],
      description: 'With care',
    };
    const claims = [1, 2].map((claim_token) => ({ claim_token, task: { ...task, attempt: claim_token } }));
    const text = render({ claimed: true, claims }, 80);
    expect(text).not.toMatch(/[{"]/);
    expect(text.match(/claims \d/g)).toEqual(['claims 1', 'claims 2']);
    expect(text.split(id(1))).toHaveLength(3);
  });

  test('say once what is the same in all rows, and nothing of what is empty, false or known from the agent', () => {
    const text = render(answers.locks as object as Record<string, unknown>, 80);
    expect(text.match(/claude_code/g)).toHaveLength(1);
    expect(text).not.toMatch(/session_id|waiting: none|mine no/);
  });

  test('stand in a table when there is room, and below the row when there is not', () => {
    const rows = { locks: [{ path: 'a.ts', agent: 'ann', reason }] };
    expect(render(rows, 120)).toBe(`path  agent  reason\na.ts  ann    ${reason}`);
    const narrow = render({ locks: [{ path: 'src/a/rather/long/path.ts', agent: 'ann', reason }] }, 50);
    expect(narrow).toBe(
      `path                       agent\nsrc/a/rather/long/path.ts  ann\n    reason moving everything to another folder,\n    which takes a while`,
    );
  });

  test('come in the order of the answer, lists of objects as tables', () => {
    const text = render({ agents: [{ agent: 'ann' }], tasks: { ready: 1, done: 2 }, locks: 3 }, 80);
    expect(text).toBe('agent\nann\n\ntasks  ready 1, done 2\nlocks  3');
  });

  test('say of a count that stopped that there may be more, and not of other numbers', () => {
    const { output } = operationNamed('get_task_board') as Operation;
    const tasks = { ready: 1000, blocked: 999, scheduled: 0 };
    const board = readable({ tasks, locks: 1000 }, jsonSchemaOf(output, 'output')) as Record<string, unknown>;
    expect(render(board, 80)).toBe('tasks  ready 1000+, blocked 999, scheduled 0\nlocks  1000+');
  });

  test('keep a key on one line, so that it can be copied', () => {
    const key = `ac_33b7bb245780_${'0123456789abcdef'.repeat(4)}`;
    expect(render({ key_id: '33b7bb245780', api_key: key }, 80).split('\n')).toContain(`api_key  ${key}`);
  });

  test.each(['a', 'é', '家', 'e/'])('wrap words of hundreds of thousands of characters: %s', (piece) => {
    const lines = render({ title: piece.repeat(200_000) }, 80).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.join('').replace(/^title|\s/g, '')).toBe(piece.repeat(200_000));
  });

  test('keep every character of a path, however long', () => {
    const path = String(paths[2]);
    const text = render({ locks: [{ path, mine: true }] }, 80);
    expect(text.replace(/^path.*|mine|yes\b|\s/g, '')).toBe(path);
  });

  test('fit also where characters are two columns wide', () => {
    const text = render({ tasks: [{ task_id: id(1), title: '検査'.repeat(60), status: 'ready' }] }, 80);
    expect(text.split('\n').filter((line) => columnsOf(line) > 80)).toEqual([]);
    expect(text.replace(/[^検査]/g, '')).toHaveLength(120);
  });

  test('show what another agent wrote without letting it steer the terminal', () => {
    expect(render({ reason: 'a\u001b[2Jb\u202e' }, 80)).toBe('reason  a\\u001b[2Jb\\u202e');
    expect(render({ locks: [{ path: 'a\u001b[2J.ts' }] }, 80)).toBe('path\na\\u001b[2J.ts');
  });

  test('tell times from now, and durations in their unit', () => {
    const now = Date.parse('2026-11-21T10:00:00Z');
    expect(fromNow('2026-11-21T10:14:00+00:00', now)).toBe('in 14 min');
    expect(fromNow('2026-11-21T07:00:00Z', now)).toBe('3 h ago');
    expect(fromNow('2026-11-21T10:00:00.2Z', now)).toBe('now');
    expect(render({ silent_seconds: 2520, attempts: 2 }, 80)).toBe('silent_seconds  42 min\nattempts        2');
  });
});

/** Columns of a terminal: ideographs take two. */
function columnsOf(line: string): number {
  return line.length + (line.match(/\p{Script=Han}/gu)?.length ?? 0);
}
