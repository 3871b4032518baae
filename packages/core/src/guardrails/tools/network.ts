import { type Invocation, optionsOf, report } from '../shell/invocation.ts';
import { outputHoles, type Stream } from '../shell/scope.ts';
import type { Tool } from './index.ts';
import { secretIn } from './secret_files.ts';
import { filesOf } from './secrets.ts';
import { runText } from './shells.ts';
import { judgeWrite } from './writes.ts';

const remote: Stream = { remote: true };

/** What is sent must not be secret: as an argument, out of a file, or through a pipe. */
function send(call: Invocation): undefined {
  if (call.input.secret !== undefined || filesOf(call).some(secretIn)) report(call, 'secret_exfiltration');
}

const isLocal = (url: string) => /^(https?:\/\/)?(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/.test(url);

const curl: Tool = (call) => {
  const short = 'AbcCdDeEFhHKmoPQrtTuUwxXYyz';
  const long =
    'data data-binary data-raw data-urlencode header output request user form upload-file url max-time retry'.split(
      ' ',
    );
  const { values, flags, operands } = optionsOf(call.args, short, long);
  const sent = ['d', 'F', 'T', 'data', 'data-binary', 'data-urlencode', 'form', 'upload-file', 'data-raw'];
  const parts = sent.flatMap((name) => values.get(name) ?? []);
  const files = parts.map((part) => part.replace(/^.*?@|^[^=]*=<|;.*$/g, ''));
  const pipes = parts.some((part) => /^@?-$|@-|@\/dev\/stdin/.test(part));
  if (files.some(secretIn) || (pipes && call.input.secret !== undefined)) report(call, 'secret_exfiltration');
  const disclosed = [...parts, ...operands].some((part) => part.includes(outputHoles.secret));
  if (disclosed && !operands.every(isLocal)) report(call, 'secret_exfiltration');
  if (operands.length > 0 && operands.every(isLocal)) return {};
  return downloaded(
    call,
    [...(values.get('o') ?? []), ...(values.get('output') ?? [])],
    flags.has('O') || flags.has('remote-name'),
  );
};

const wget: Tool = (call) => {
  const options = optionsOf(call.args, 'OoPUtTew', [
    'output-document',
    'post-file',
    'post-data',
    'body-file',
    'header',
    'user-agent',
  ]);
  const sent = [...(options.values.get('post-file') ?? []), ...(options.values.get('body-file') ?? [])];
  if (sent.some(secretIn)) report(call, 'secret_exfiltration');
  const named = [...(options.values.get('O') ?? []), ...(options.values.get('output-document') ?? [])];
  return downloaded(call, named, named.length === 0);
};

function downloaded(call: Invocation, named: readonly string[], byUrl: boolean): Stream {
  const files = byUrl
    ? call.args
        .filter((arg) => /^https?:/.test(arg))
        .map(
          (url) =>
            url
              .replace(/[?#].*$/, '')
              .split('/')
              .at(-1) ?? '',
        )
    : named;
  for (const file of files) {
    if (file === '-' || file === '/dev/stdout') return remote;
    judgeWrite(file, call.examination, call.source);
    call.scope.writeFile(file, remote);
  }
  return files.length > 0 ? {} : remote;
}

const netcat: Tool = (call) => {
  const { flags } = optionsOf(call.args, 'pswiqXxTIO');
  const executes = ['e', 'c', 'exec', 'sh-exec'].some((flag) => flags.has(flag));
  if (executes || call.input.session) report(call, 'reverse_shell');
  send(call);
  return remote;
};

const socat: Tool = (call) => {
  const text = call.args.join(' ');
  if (/\b(exec|system):/i.test(text) && /\b(tcp|udp|openssl|ssl)[\w-]*:/i.test(text)) report(call, 'reverse_shell');
  // `EXEC:command,option` is an address like any other.
  for (const arg of call.args) {
    const command = /^(?:exec|system|shell):([^,]+)/i.exec(arg)?.[1];
    if (command !== undefined) runText(call, command, { own: true, input: call.input });
  }
  send(call);
};

const transfer: Tool = (call) => {
  const { operands } = optionsOf(call.args, 'iPlcFJoSe');
  const target = operands.at(-1) ?? '';
  if (/^[^/]*:|^\w+:\/\//.test(target)) send(call);
};

const sent: Tool = (call) => {
  send(call);
  return remote;
};

/** PowerShell's `iex (iwr …)`: what is between the brackets is a word to the shell grammar. */
const invokeExpression: Tool = (call) => {
  if (/\b(iwr|irm|invoke-(webrequest|restmethod)|downloadstring|curl|wget)\b/i.test(call.source) || call.input.remote) {
    report(call, 'remote_code');
  }
};

export const networkTools: Record<string, Tool> = {
  curl,
  wget,
  aria2c: () => remote,
  fetch: () => remote,
  http: sent,
  https: sent,
  lynx: () => remote,
  iwr: () => remote,
  irm: () => remote,
  'invoke-webrequest': () => remote,
  'invoke-restmethod': () => remote,
  iex: invokeExpression,
  'invoke-expression': invokeExpression,
  nc: netcat,
  ncat: netcat,
  netcat,
  telnet: netcat,
  socat,
  scp: transfer,
  sftp: transfer,
  rclone: transfer,
  rsync: transfer,
  aws: (call) => (/^s3 (cp|mv|sync)/.test(call.args.join(' ')) ? transfer(call) : undefined),
  gsutil: transfer,
  mail: send,
  sendmail: send,
};
