import { randomUUID } from 'node:crypto';
import postgres from 'postgres';

/** New databases of one server, with the clients that were opened on them. */
export class Databases {
  readonly admin: postgres.Sql;
  readonly #url: string;
  readonly #names: string[] = [];
  readonly #clients: postgres.Sql[] = [];

  constructor(url: string) {
    this.#url = url;
    this.admin = this.connect(url);
  }

  /** Creates an empty database and returns where its owner connects. */
  async create(owner?: { role: string; password: string }): Promise<string> {
    const name = `coord_test_${randomUUID().replaceAll('-', '')}`;
    this.#names.push(name);
    await this.admin.unsafe(`create database ${name} ${owner ? `owner ${owner.role}` : ''}`);
    return this.urlOf(name, owner);
  }

  urlOf(database: string, login?: { role: string; password: string }): string {
    const url = new URL(this.#url);
    url.pathname = database;
    if (login) Object.assign(url, { username: login.role, password: login.password });
    return url.href;
  }

  /** A client of one connection, so that a session's locks and transactions stay where they are. */
  connect(url: string): postgres.Sql {
    const client = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
    this.#clients.push(client);
    return client;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#clients.splice(1).map((client) => client.end({ timeout: 1 })));
    for (const name of this.#names) await this.admin.unsafe(`drop database ${name} with (force)`);
    await this.admin.end({ timeout: 1 });
  }
}
