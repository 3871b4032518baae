export { type Checkpoint, isSigned } from './checkpoint.ts';
export { type SegmentVerdict, SegmentVerifier, segmentLines } from './segment.ts';
export { publicKeyOf } from './signing_key.ts';
