/** Work for the end of a turn of the event loop. */
export interface TurnEndTask {
  /** Must not throw: the tasks behind it would be lost. */
  onTurnEnd(): void;
}

let waiting: TurnEndTask[] = [];
let spare: TurnEndTask[] = [];

/**
 * Calls a task at the end of this turn of the event loop: after all readable sockets have been read, and
 * before the loop waits for anything.
 */
export function atTurnEnd(task: TurnEndTask): void {
  if (waiting.push(task) === 1) setImmediate(endTurn);
}

function endTurn(): void {
  const tasks = waiting;
  waiting = spare;
  for (const task of tasks) task.onTurnEnd();
  tasks.length = 0;
  spare = tasks;
}
