import { Agent, request } from 'node:http';

/** A client that keeps its connections, one for each caller at once. */
export class Client {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(url: string, headers: Record<string, string>) {
    this.#url = url;
    this.#headers = headers;
  }

  /** Posts JSON and reads the answer; anything but 200 is an error. */
  async post(path: string, input: unknown, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const { status, text } = await this.#send(path, JSON.stringify(input), headers);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, body: string, added: Record<string, string>): Promise<{ status: number; text: string }> {
    const length = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    const headers = { ...this.#headers, ...added, ...length };
    return new Promise((resolve, reject) => {
      const sent = request(this.#url + path, { method: 'POST', agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
      });
      sent.on('error', reject).end(body);
    });
  }
}
