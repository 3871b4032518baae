/** Cedar, loaded when it is used: 5 MB that most processes never need. */
export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');
export type { DetailedError, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';

let loading: Promise<Cedar> | undefined;

export function loadCedar(): Promise<Cedar> {
  loading ??= import('@cedar-policy/cedar-wasm/nodejs');
  return loading;
}
