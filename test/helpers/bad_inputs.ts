import type { ErrorCode } from '@agentcoord/contract';

/** What no door lets through: title, operation, input, and the code of the error where it is not `invalid_input`. */
export type BadInput = [title: string, operation: string, input: unknown, code?: ErrorCode];

/** Ids that exist, but in another project. */
export interface OthersIds {
  task_id: string;
  claim_token: number;
  thread_id: string;
}

const lock = (more: object) => ({ paths: ['bad/input.ts'], ...more });
const task = (more: object) => ({ title: 'bad input', ...more });
const approval = (more: object) => ({ action_type: 'deploy', description: 'bad input', ...more });
const nobody = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';

function nested(levels: number): object {
  return levels === 0 ? {} : { deeper: nested(levels - 1) };
}

const paths: [title: string, path: string][] = [
  ['the folder above', '..'],
  ['a way out', 'src/../../a.ts'],
  ['a way out with backslashes', 'src\\..\\..\\a.ts'],
  ['an absolute path', '/etc/passwd'],
  ['a Windows path', 'C:\\Users\\a.ts'],
  ['a drive', 'c:a.ts'],
  ['a network share', '\\\\server\\share\\a.ts'],
  ['a URL', 'https://example.org/a.ts'],
  ['alternatives in braces', 'src/{a,b}.ts'],
  ['braces that would multiply', '{a,b}'.repeat(200)],
  ['a glob of 257 bytes', `${'x'.repeat(256)}*`],
  ['a glob of 10,000 characters', '*a'.repeat(5000)],
  ['nine wildcards', 'src/*/*/*/*/*/*/*/*/*'],
  ['a way back from a wildcard', 'src/*/../a.ts'],
  ['a name with blanks', 'resource:a b'],
  ['a line break', 'src/a\n.ts'],
  ['a NUL', 'src/a\0.ts'],
  ['half a character', 'src/\ud800.ts'],
  ['more than 1024 bytes', 'ü'.repeat(600)],
  ['nothing', ''],
];

/** The list, with ids of another project. */
export function badInputs({ thread_id, ...others }: OthersIds): BadInput[] {
  return [
    ['an unknown field', 'acquire_lock', lock({ path: 'a.ts' })],
    ['who I am', 'acquire_lock', lock({ session_id: nobody, agent: 'root' })],
    ['__proto__ as a field', 'acquire_lock', JSON.parse('{"paths": ["a.ts"], "__proto__": {"reason": "x"}}')],
    ['constructor as a field', 'acquire_lock', lock({ constructor: { name: 'x' } })],
    ['__proto__ inside of free JSON', 'submit_work', task({ input: JSON.parse('{"__proto__": {"x": 1}}') })],
    ['__proto__ deep inside of free JSON', 'submit_work', task({ input: JSON.parse('{"a": [{"__proto__": 1}]}') })],
    ['a field that is missing', 'acquire_lock', {}],
    ['a text where a list belongs', 'acquire_lock', { paths: 'a.ts' }],
    ['no path', 'acquire_lock', { paths: [] }],
    ['257 paths', 'acquire_lock', { paths: Array.from({ length: 257 }, (_, index) => `${index}.ts`) }],
    ['a number among paths', 'acquire_lock', { paths: ['a.ts', 7] }],
    ['null among paths', 'acquire_lock', { paths: ['a.ts', null] }],
    ...paths.map(([title, path]): BadInput => [`as path ${title}`, 'acquire_lock', { paths: ['fine.ts', path] }]),
    ['a way out when releasing', 'release_lock', { paths: ['../a.ts'] }],
    ['fewer tokens than paths', 'release_lock', { paths: ['a.ts', 'b.ts'], tokens: [1] }],
    ...[0, -1, 28_801, 1.5, '60', true, Number.NaN, Number.POSITIVE_INFINITY].map(
      (ttl_seconds): BadInput => [`${JSON.stringify(ttl_seconds)} seconds`, 'acquire_lock', lock({ ttl_seconds })],
    ),
    ['a NUL in a text', 'acquire_lock', lock({ reason: 'a\0b' })],
    ['half a character in a text', 'acquire_lock', lock({ reason: '\udc00' })],
    ['an escape sequence in a text', 'send_message', { text: '\u001b[2J' }],
    ['a zero-width space in a text', 'send_message', { text: 'a\u200bb' }],
    ['a turned direction in a text', 'create_thread', { title: 'x', text: 'a\u202eb' }],
    ['tag characters in a text', 'log_decision', { type: 'x', context: 'a\u{e0041}', reason: 'x' }],
    ['a message of 65,537 characters', 'send_message', { text: 'x'.repeat(65_537) }],
    ['an empty message', 'send_message', { text: '' }],
    ['a message to nobody', 'send_message', { text: 'x', to: 'nobody at all' }, 'not_found'],
    ['a mention of nobody', 'create_thread', { title: 'x', text: 'x', mentions: ['nobody at all'] }, 'not_found'],
    ['21 mentions', 'create_thread', { title: 'x', text: 'x', mentions: Array.from({ length: 21 }, () => 'ann') }],
    ['a reply to an unknown thread', 'reply_to_thread', { thread_id: nobody, text: 'x' }, 'not_found'],
    ["a reply to another project's thread", 'reply_to_thread', { thread_id, text: 'x' }, 'not_found'],
    ["to resolve another project's thread", 'set_thread_status', { thread_id, status: 'resolved' }, 'not_found'],
    ["to read another project's thread", 'read_thread', { thread_id }, 'not_found'],
    ['an unknown status of a thread', 'set_thread_status', { thread_id: nobody, status: 'closed' }],
    ['to mark what is not in the inbox', 'read_inbox', { read_item_ids: [nobody] }, 'not_found'],
    ['an inbox of no item', 'read_inbox', { limit: 0 }],
    ['too long a reason', 'acquire_lock', lock({ reason: 'x'.repeat(501) })],
    ['an empty title', 'submit_work', { title: '' }],
    ['a text of 262,145 bytes', 'submit_work', task({ description: 'x'.repeat(262_145) })],
    ['a text of 262,145 bytes in fewer characters', 'submit_work', task({ description: `x${'ü'.repeat(131_072)}` })],
    ['65 levels', 'submit_work', task({ input: nested(65) })],
    ['a NUL deep inside', 'submit_work', task({ input: { a: [{ b: '\0' }] } })],
    ['a NUL in the name of a field', 'submit_work', task({ input: { 'a\0': 1 } })],
    ['a list where an object belongs', 'submit_work', task({ input: [1] })],
    ['priority 0', 'submit_work', task({ priority: 0 })],
    ['priority 11', 'submit_work', task({ priority: 11 })],
    ['a type in capitals', 'submit_work', task({ type: 'Review' })],
    ['a dependency that is no id', 'submit_work', task({ depends_on: ['first'] })],
    ['a dependency nobody knows', 'submit_work', task({ depends_on: [nobody] }), 'not_found'],
    ['a dependency of another project', 'submit_work', task({ depends_on: [others.task_id] }), 'not_found'],
    [
      'a dependency of a batch that is neither key nor id',
      'submit_work_batch',
      { tasks: [task({ depends_on: ['x'] })] },
      'not_found',
    ],
    ['a batch in a circle', 'submit_work_batch', { tasks: [task({ key: 'a', depends_on: ['a'] })] }, 'conflict'],
    ['a batch without tasks', 'submit_work_batch', { tasks: [] }],
    ['101 tasks', 'submit_work_batch', { tasks: Array.from({ length: 101 }, () => task({})) }],
    ['who submits, in a batch', 'submit_work_batch', { tasks: [task({ submitted_by: 'root' })] }],
    ['a way out as the path of a task', 'submit_work', task({ paths: ['../a.ts'] })],
    ['a path outside in a batch', 'submit_work_batch', { tasks: [task({ paths: ['/etc/passwd'] })] }],
    ['101 paths of a task', 'submit_work', task({ paths: Array.from({ length: 101 }, (_, index) => `${index}.ts`) })],
    ['a capability that is no word', 'submit_work', task({ capabilities: ['C++'] })],
    ['an agent nobody knows', 'submit_work', task({ assignee: 'nobody at all' }), 'not_found'],
    ['an escalation to nobody', 'submit_work', task({ escalate_to: 'nobody at all' }), 'not_found'],
    ['a parent of another project', 'submit_work', task({ parent_id: others.task_id }), 'not_found'],
    ['a time without offset', 'submit_work', task({ run_after: '2030-01-01T00:00:00' })],
    ['a time far beyond', 'submit_work', task({ run_after: '9999-12-31T00:00:00Z' })],
    ['a deadline that has passed', 'submit_work', task({ deadline: '2020-01-01T00:00:00Z' })],
    [
      'a deadline before the start',
      'submit_work',
      task({ run_after: '2126-01-02T00:00:00Z', deadline: '2126-01-01T00:00:00Z' }),
    ],
    ...[-1, 86_401, 1.5, 1e308].map(
      (retry_seconds): BadInput => [`a delay of ${retry_seconds} seconds`, 'submit_work', task({ retry_seconds })],
    ),
    ...[0, -1, 21].map((max_attempts): BadInput => [`${max_attempts} attempts`, 'submit_work', task({ max_attempts })]),
    ['an unknown policy', 'submit_work', task({ retry: 'for ever' })],
    ['a batch of no claim', 'get_work_batch', { count: 0 }],
    ['a batch of 51 claims', 'get_work_batch', { count: 51 }],
    ['101 percent', 'report_progress', { task_id: nobody, claim_token: 1, note: 'x', percent: 101 }],
    ['progress of an unknown task', 'report_progress', { task_id: nobody, claim_token: 1, note: 'x' }, 'not_found'],
    ["to release another project's task", 'release_task', { ...others }, 'not_found'],
    ["to cancel another project's task", 'cancel_task', { task_id: others.task_id }, 'not_found'],
    ["to retry another project's task", 'retry_task', { task_id: others.task_id }, 'not_found'],
    ["the history of another project's task", 'get_task_history', { task_id: others.task_id }, 'not_found'],
    ['a negative threshold', 'find_hung', { threshold: -1 }],
    ['a word that is no priority', 'create_task', task({ priority: 'asap' })],
    ['an id that is none', 'get_task', { task_id: "'; drop table coord.tasks; --" }],
    ['an unknown id', 'get_task', { task_id: nobody }, 'not_found'],
    ["another project's id", 'get_task', { task_id: others.task_id }, 'not_found'],
    ['to complete an unknown task', 'complete_work', { task_id: nobody, claim_token: 1 }, 'not_found'],
    ["to complete another project's task", 'complete_work', { ...others }, 'not_found'],
    ['token 0', 'complete_work', { task_id: nobody, claim_token: 0 }],
    ['a token larger than any', 'complete_work', { task_id: nobody, claim_token: 2 ** 53 }],
    ['301 seconds of waiting', 'acquire_lock', lock({ wait_seconds: 301 })],
    ['a mode that is no boolean', 'acquire_lock', lock({ shared: 'yes' })],
    ['a glob of every folder', 'acquire_lock', lock({ paths: ['fine.ts', '**/*.ts'] }), 'forbidden'],
    ['the whole repository', 'acquire_lock', lock({ paths: ['./'] }), 'forbidden'],
    ['to force a lock away', 'force_release_lock', lock({ reason: 'mine' }), 'forbidden'],
    ['an approval of nothing', 'request_approval', { action_type: 'deploy', description: '' }],
    ['an action in capitals', 'request_approval', approval({ action_type: 'Deploy' })],
    ['a payload that is a list', 'request_approval', approval({ payload: ['deploy'] })],
    ['a payload nobody can judge', 'request_approval', approval({ payload: { text: 'x'.repeat(65_536) } })],
    ['a payload with what nobody sees', 'request_approval', approval({ payload: { command: 'rm \u202egpj.a' } })],
    ['an unknown risk', 'request_approval', approval({ risk: 'none' })],
    ...[0, -1, 604_801, 1.5].map(
      (expires_in_seconds): BadInput => [
        `an approval for ${expires_in_seconds} seconds`,
        'request_approval',
        approval({ expires_in_seconds }),
      ],
    ),
    ['who decides, in a request', 'request_approval', approval({ status: 'approved' })],
    ['an approval nobody knows', 'check_approval', { approval_id: nobody }, 'not_found'],
    ['to use an approval nobody knows', 'use_approval', { approval_id: nobody }, 'not_found'],
    ['to decide without trust', 'decide_approval', { approval_id: nobody, decision: 'approve' }, 'forbidden'],
    ['a decision that is neither', 'decide_approval', { approval_id: nobody, decision: 'maybe' }],
    ['a rule by whoever likes', 'set_approval_rule', { rule: 'mine', action_type: 'deploy' }, 'forbidden'],
    ['a limit of 0', 'list_tasks', { limit: 0 }],
    ['a limit that is no number', 'list_tasks', { limit: 'all' }],
    ['an unknown status', 'list_tasks', { status: 'lost' }],
    ['an unknown field of a read', 'list_tasks', { colour: 'red' }],
    ['a path outside when looking', 'check_locks', { paths: ['../a.ts'] }],
    ['input where none is taken', 'get_task_board', { all: true }],
    ['what needs more trust', 'create_key', { agent: 'friend', trust: 4 }, 'forbidden'],
    ['a lease of a year', 'get_work', { lease_seconds: 31_536_000 }],
    ['a type that is no word', 'get_work', { types: ['a b'] }],
  ];
}
