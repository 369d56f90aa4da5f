const id = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`

const FILES_OF_RUN = 1_000
const RUNS_OF_WORKFLOW = 20
/** How many object keys lie under one workflow. */
export const OBJECTS_OF_WORKFLOW = FILES_OF_RUN * RUNS_OF_WORKFLOW

/** The object keys of a one-organisation bucket in listing order, a thousand files to a run. */
export function objectKeyAt (index: number): string {
  const run = Math.floor(index / FILES_OF_RUN)
  const file = String(index).padStart(22, '0')
  return `acme/workflows/${id(Math.floor(run / RUNS_OF_WORKFLOW))}/runs/${id(run)}/users/${id(run % 5)}/outputs/${file}/report ${index % FILES_OF_RUN}.pdf`
}
