export { type Ending, wait } from './wait.ts';
export { type Channel, Wakeups } from './wakeups.ts';
