import { expect } from 'vitest';

/** An error of that code and reason, with whatever else its details must have. */
export const refused = (code: string, reason: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining({ reason, ...details }) });

/** The profile allows the operation, but not this session; or its key does not. */
export const notPermitted = refused('forbidden', 'operation_not_permitted');

export const beyond = (limit: string, details: object = {}) =>
  refused('limit_exceeded', 'resource_limit_exceeded', { limit, ...details });
