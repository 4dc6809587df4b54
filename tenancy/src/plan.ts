import { type Command, checkCommand } from './gate.ts';
import { type Statement, statementName } from './sql.ts';

/** What the kernel knows of a statement's text: what the gate says, its prepared name, how long it takes. */
export interface Plan {
  readonly command: Command;
  /** Name of the prepared statement; '' when the statement has no label. */
  readonly name: string;
  /** Moving average of milliseconds from send to answer; 0 before the first. */
  ms: number;
}

const KEPT = 2_000;
const LONGEST = 20_000;

/** Remembers the verdict on each text up to 20,000 characters, so that a known statement costs one map lookup. Bounded. */
export class Plans {
  readonly #plans = new Map<string, Plan>();

  /** Returns the plan of a text that a lease may run. @throws RefusedError for anything else. */
  of(statement: Statement): Plan {
    const known = this.#plans.get(statement.text);
    if (known !== undefined && (statement.label === undefined) === (known.name === '')) return known;
    const plan: Plan = {
      command: checkCommand(statement.text),
      name: statement.label === undefined ? '' : statementName(statement.label, statement.text),
      ms: 0,
    };
    if (statement.text.length > LONGEST) return plan;
    if (this.#plans.size >= KEPT) this.#plans.delete(this.#plans.keys().next().value as string);
    this.#plans.set(statement.text, plan);
    return plan;
  }

  /** Adds one measurement to the statement's history. */
  took(plan: Plan, ms: number): void {
    plan.ms = plan.ms === 0 ? ms : plan.ms * 0.9 + ms * 0.1;
  }
}
