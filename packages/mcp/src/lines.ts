import { once } from 'node:events';
import { Transform, type TransformCallback, type Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setImmediate as nextRound } from 'node:timers/promises';
import { ProtocolErrorCode } from '@modelcontextprotocol/server';
import { faultOf, idOf, refusal } from './messages.ts';

/** As long as a body over HTTP may be. The SDK would close the connection over a limit of its own, ten times as much. */
const maxLineLength = 1_048_576;

/** Lines that are let through at once, and bytes of answers that may wait for the client, before no further one is. */
const [burst, mostUnread] = [32, 8 * 1_048_576];

/**
 * Lets lines that are JSON-RPC messages through and answers all others: the SDK drops them without a word, and
 * whoever sent one would wait for ever.
 */
export class MessageLines extends Transform {
  /** Puts U+FFFD where bytes are no UTF-8; whoever means that character escapes it. */
  readonly #decoder = new StringDecoder('utf8');
  readonly #answers: Writable;
  readonly #onMethod: (method: unknown) => void;
  #rest = '';
  #skipping = false;
  #taken = 0;

  /**
   * `answers`: where refusals go, and all answers; a client that does not read them is not listened to. `onMethod` hears
   * the method of each message that is let through.
   */
  constructor(answers: Writable, onMethod: (method: unknown) => void = () => {}) {
    super();
    this.#answers = answers;
    this.#onMethod = onMethod;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#takeAll(this.#decoder.write(chunk).split('\n')).then(() => done(), done);
  }

  async #takeAll([first = '', ...others]: string[]): Promise<void> {
    this.#rest += first;
    for (const start of others) {
      this.#take(this.#rest);
      this.#rest = start;
      if (++this.#taken % burst === 0) await this.#answersRead();
    }
    if (this.#rest.length > maxLineLength) {
      this.#rest = '';
      this.#skipping = true;
    }
  }

  async #answersRead(): Promise<void> {
    await nextRound();
    while (this.#answers.writableLength > mostUnread) await once(this.#answers, 'drain');
  }

  #take(line: string): void {
    const tooLong = this.#skipping || line.length > maxLineLength;
    this.#skipping = false;
    if (tooLong)
      this.#refuse(ProtocolErrorCode.InvalidRequest, `The message is longer than ${maxLineLength} characters.`);
    else if (line.includes('\uFFFD')) this.#refuse(ProtocolErrorCode.ParseError, 'The line is not UTF-8.');
    else if (line.trim() !== '') this.#check(line);
  }

  #check(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#refuse(ProtocolErrorCode.ParseError, 'The line is not JSON.');
      return;
    }
    const fault = faultOf(message);
    if (fault) {
      this.#refuse(ProtocolErrorCode.InvalidRequest, `The line ${fault}.`, idOf(message));
      return;
    }
    this.push(`${line}\n`);
    this.#onMethod((message as { method?: unknown }).method);
  }

  #refuse(code: ProtocolErrorCode, message: string, id?: string | number | null): void {
    const hint = 'Send one complete JSON-RPC 2.0 message on each line, and no batches.';
    this.#answers.write(`${JSON.stringify(refusal(code, message, hint, id))}\n`);
  }
}
