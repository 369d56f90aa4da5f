const mark = /^-- prepared as (\w+)\n/

/**
 * Marks a statement to be parsed and planned once per connection rather than every time: for statements that take as long to
 * plan as to execute, and whose text never varies.
 *
 * @param name unique to this statement
 */
export function preparedAs (name: string): string {
  return `-- prepared as ${name}\n`
}

/** The name that a statement is marked with, if any. */
export function preparedName (sql: string): string | undefined {
  return mark.exec(sql)?.[1]
}
