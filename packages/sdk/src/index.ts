export { Claim, type ClaimedTask, type ClaimOptions } from './claim.ts';
export { AgentCoordinationClient, type ConnectOptions, connect } from './connect.ts';
export { type DirectReads, readingDirectly } from './direct.ts';
export { Lock, type LockOptions } from './lock.ts';
export { openSession, Session, type SessionOptions } from './session.ts';
export { type HttpTransportOptions, httpTransport } from './transport.ts';
export type { TaskHandler, WorkOptions } from './worker.ts';
