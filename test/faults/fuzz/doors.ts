import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { environment, program } from '../../helpers/agentcoord.ts';
import { judgeHttp, judgeMessage, type Verdict } from './judge.ts';
import type { RawRequest } from './requests.ts';

/** Milliseconds for an answer; the slowest input takes a second on a busy machine. */
const patience = 20_000;

const agent = new Agent({ keepAlive: true });

/** Thrown where Node's client refuses to send it; then nothing was tried. */
export class Unsendable extends Error {}

/** Sends a request as it is, and judges what comes back. */
export async function sendHttp(
  url: string,
  key: string,
  { method, target, headers, body }: RawRequest,
): Promise<Verdict> {
  const answer = await exchange(url, { method, target, headers: { ...headers, authorization: `Bearer ${key}` }, body });
  if (typeof answer === 'string') return cut(answer, body);
  // Pages of links are for people, and say in HTML what is wrong.
  return judgeHttp(answer.status, answer.text, method === 'HEAD' || /^\/a\//.test(target));
}

/** The same for a JSON-RPC message to `/mcp`. */
export async function sendMcp(url: string, key: string, body: Buffer): Promise<Verdict> {
  const headers = {
    ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    ...{ authorization: `Bearer ${key}` },
  };
  const answer = await exchange(url, { method: 'POST', target: '/mcp', headers, body });
  if (typeof answer === 'string') return cut(answer, body);
  if (answer.status >= 500)
    return { refused: true, problem: `answered ${answer.status}: ${answer.text.slice(0, 300)}` };
  const text = /^data: (.*)$/m.exec(answer.text)?.[1] ?? answer.text;
  if (answer.status === 202) return { refused: true };
  return answer.status < 400 || text.includes('jsonrpc') ? judgeMessage(text) : judgeHttp(answer.status, text, false);
}

/** A body that is too large may be cut off before it was sent. */
function cut(why: string, body: Buffer | undefined): Verdict {
  return { refused: true, ...((body?.length ?? 0) > 1_048_576 ? {} : { problem: why }) };
}

async function exchange(url: string, raw: RawRequest): Promise<{ status: number; text: string } | string> {
  const { hostname: host, port } = new URL(url);
  let sent: ReturnType<typeof request>;
  try {
    const { method, target: path, body } = raw;
    // Without a length Node sends the body of a HEAD behind the request, as the begin of another one.
    const headers = body === undefined ? raw.headers : { ...raw.headers, 'content-length': body.length };
    sent = request({ host, port, method, path, headers, agent, signal: AbortSignal.timeout(patience) });
  } catch (cause) {
    throw new Unsendable(String(cause));
  }
  return new Promise((resolve) => {
    sent.on('error', (error) => resolve(`no answer: ${error.message}`));
    sent.on('response', (response) => read(response, (text) => resolve({ status: response.statusCode ?? 0, text })));
    sent.end(raw.body);
  });
}

/** Streams have no end: what they begin with is enough. */
function read(response: IncomingMessage, done: (text: string) => void): void {
  let text = '';
  response.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    if (text.startsWith('retry:')) response.destroy();
  });
  response.on('error', () => {});
  response.on('close', () => done(text));
}

/** `agentcoord mcp`, spoken to line by line. */
export class StdioDoor implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #verdicts: (Verdict & { id?: unknown })[] = [];
  #pings = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout) createInterface(child.stdout).on('line', (line) => this.#verdicts.push(judgeMessage(line)));
    child.stdin?.on('error', () => {});
  }

  static async open(variables: Record<string, string>): Promise<StdioDoor> {
    const child = spawn(process.execPath, [program, 'mcp'], {
      env: environment(variables),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const door = new StdioDoor(child);
    const clientInfo = { name: 'fuzz', version: '1' };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    door.#write(JSON.stringify({ jsonrpc: '2.0', id: 'initialize', method: 'initialize', params }));
    await door.#answered('initialize');
    door.#write('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    return door;
  }

  /** Sends a line and a ping; the server must answer the ping, whatever the line was, and the line if it has that id. */
  async send(text: Buffer, id: string | undefined): Promise<Verdict> {
    this.#verdicts.length = 0;
    this.#write(text);
    const ping = `ping ${++this.#pings}`;
    this.#write(JSON.stringify({ jsonrpc: '2.0', id: ping, method: 'ping' }));
    if (!(await this.#answered(ping))) return { refused: true, problem: 'the server answers no ping any more' };
    if (id !== undefined && !(await this.#answered(id))) return { refused: true, problem: 'no answer' };
    const others = () => this.#verdicts.filter((verdict) => verdict.id !== ping);
    // What has lost its id on the way may still be answered, or carried out.
    for (let look = 0; look < 10 && others().length === 0; look++) await pause(10);
    const problem = others().find((verdict) => verdict.problem !== undefined)?.problem;
    return { refused: others().every(({ refused }) => refused), ...(problem === undefined ? {} : { problem }) };
  }

  #write(line: Buffer | string): void {
    this.#child.stdin?.write(line);
    this.#child.stdin?.write('\n');
  }

  async #answered(id: string): Promise<boolean> {
    const until = Date.now() + patience;
    while (!this.#verdicts.some((verdict) => verdict.id === id)) {
      if (Date.now() > until || this.#child.exitCode !== null) return false;
      await pause(1);
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
  }
}
