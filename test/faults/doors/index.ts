import type { Invoker } from '@agentcoord/contract';
import { throughCore } from './core.ts';

/** How a client gets in. */
export interface WayIn {
  door: DoorName;
  agent: string;
  /** DATABASE_URL for `core` and `mcp`, the server's address for `http`. */
  url: string;
  api_key?: string;
  /** Where `mcp` keeps its home. */
  home?: string;
}

export interface OpenWay {
  invoker: Invoker;
  close(): Promise<void>;
}

/** The real doors of the product; loaded when used, because a worker that is killed twice a second must start fast. */
export const doors = {
  core: throughCore,
  http: async (way: WayIn) => (await import('./http.ts')).throughHttp(way),
  mcp: async (way: WayIn) => (await import('./mcp.ts')).throughMcp(way),
} satisfies Record<string, (way: WayIn) => Promise<OpenWay>>;

export type DoorName = 'core' | 'http' | 'mcp';
