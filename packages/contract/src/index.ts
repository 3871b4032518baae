export { type Catalogue, operationNamed, operations, operationsOf } from './catalogue.ts';
export {
  type CallOptions,
  type Coordinator,
  coordinatorOver,
  type Invoker,
  methodName,
  type Transport,
} from './coordinator.ts';
export {
  CoordinationError,
  codeOfSqlState,
  type ErrorBody,
  type ErrorCode,
  errorBodyOf,
  errorCodes,
  errorFrom,
  exitRefused,
  isRetryable,
} from './errors.ts';
export {
  type CoordinationEvent,
  type EventInput,
  type EventOptions,
  type EventPage,
  eventStream,
} from './events.ts';
export {
  guardedValues,
  hasGuarded,
  hasRepositoryPath,
  idempotencyKeyForm,
  idempotencyKeyWords,
  isUuid,
  mapRepositoryPaths,
  maxTextBytes,
  uuidForm,
} from './fields.ts';
export { EventStream, polled, resuming } from './following.ts';
export {
  attachmentNames,
  defineOperation,
  type HttpMethod,
  type Operation,
  type Question,
  routeOf,
  type Toolset,
  type Trust,
  toolsets,
} from './operation.ts';
export { type JsonSchema, jsonSchemaOf } from './schema.ts';
export { withoutSecrets } from './secrets.ts';
export { continuationOf, endsWaiting, isRefusal, numberAhead, saysNo, wantsToWait } from './waiting.ts';
