const id = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`

/** The object keys of a bucket of one organisation, in the order of a listing: of a thousand files to a run. */
export function objectKeyAt (index: number): string {
  const run = Math.floor(index / 1000)
  const file = String(index).padStart(22, '0')
  return `acme/workflows/${id(Math.floor(run / 20))}/runs/${id(run)}/users/${id(run % 5)}/outputs/${file}/report ${index % 1000}.pdf`
}
