export {
  type Checkpoint,
  isSigned,
  publicKeyOf,
  type SegmentVerdict,
  SegmentVerifier,
  segmentLines,
} from './audit/index.ts';
export type { Caller, KeyCaller, LocalCaller } from './caller.ts';
export { type Config, readConfig, variables } from './config.ts';
export { callTimeout, type Database } from './database.ts';
export { type PostgresOptions, postgresDatabase } from './databases/postgres.ts';
export { type EmbeddedServer, ensureServer, refusalOfFile, serverStatus, stopServer } from './embedded/index.ts';
export { type Events, followEvents, type ItemPage } from './events/index.ts';
export { unavailable } from './failure.ts';
/** The engine of guardrails, for who judges without a database; loaded when used, because its parsers are heavy. */
export const loadGuardrails = () => import('./guardrails/index.ts');
export type { ProjectRules, Verdict } from './guardrails/index.ts';
export { countViolations, type Health, healthOf } from './health.ts';
export { invoke } from './invoke.ts';
export { importKeys, type KeyParts, keyParts } from './keys.ts';
export { type MigrateOptions, migrate, type SchemaState, schemaState } from './migrations/index.ts';
export { parseTarget, type Target } from './network/index.ts';
export { type OpenOptions, openDatabase } from './open.ts';
export { tokenSigner } from './read_tokens.ts';
export { startSweeper } from './sweeper.ts';
export { localTransport } from './transport.ts';
export { type Channel, type Ending, Wakeups } from './waiting/index.ts';
export { type SenderOptions, startWebhooks, type WebhookTarget, webhookOf } from './webhooks/index.ts';
export { type Workspace, workspaceOf } from './workspace/index.ts';
