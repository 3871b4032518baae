/** What an agent says about itself while it works; agents in other processes send it to the demo as a message. */
export type Event =
  | { event: 'took'; task: number }
  | { event: 'waiting'; path: string; holder: string }
  | { event: 'editing'; path: string; written: number; left: number }
  | { event: 'committing' }
  | { event: 'done'; task: number }
  | { event: 'setback'; message: string }
  | { event: 'idle' }
  | { event: 'wrote'; to: string }
  | { event: 'read'; from: string }
  | { event: 'asking' }
  | { event: 'approved'; by: string }
  | { event: 'handed_over'; summary: string }
  | { event: 'took_over'; from: string; summary: string };

export type Tell = (event: Event) => void;
