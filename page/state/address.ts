/** A place of the page, as its address names it. */
export type Place =
  | { name: 'overview' }
  | { name: 'workflow', workflowId: string }
  /**
   * `path` is a folder, which ends with a slash, a file, or empty. Several files may have the same path: `nth` says which one,
   * unless it is the first.
   */
  | { name: 'run', workflowId: string, runId: string, path: string, nth?: number }
  | { name: 'largest' }
  | { name: 'links' }
  | { name: 'users' }
  | { name: 'user', userId: string }
  | { name: 'unknown' }

const run = /^workflows\/([^/]+)\/runs\/([^/]+)(?:\/(.*))?$/
const workflow = /^workflows\/([^/]+)$/
const user = /^users\/([^/]+)$/

/** The place that a path below `/app` names, such as `workflows/{id}`, with the query after it. */
export function parsePlace (path: string, query = ''): Place {
  const below = path.replace(/^\//, '')
  const ofRun = run.exec(below)
  if (ofRun !== null) {
    const nth = Number(new URLSearchParams(query).get('nth') ?? 1)
    return {
      name: 'run', workflowId: decode(ofRun[1]), runId: decode(ofRun[2]), path: decode(ofRun[3]), ...nth > 1 ? { nth } : {},
    }
  }
  const [, workflowId] = workflow.exec(below.replace(/\/$/, '')) ?? []
  if (workflowId !== undefined) return { name: 'workflow', workflowId: decode(workflowId) }
  const [, userId] = user.exec(below) ?? []
  if (userId !== undefined) return { name: 'user', userId: decode(userId).toLowerCase() }
  switch (below) {
    case '': return { name: 'overview' }
    case 'links': return { name: 'links' }
    case 'users': return { name: 'users' }
    case 'largest': return { name: 'largest' }
    default: return { name: 'unknown' }
  }
}

/** The path below `/app` that names a place, with its query; empty, or with a slash in front. */
export function formatPlace (place: Place): string {
  switch (place.name) {
    case 'workflow': return `/workflows/${encodeURIComponent(place.workflowId)}`
    case 'run': return `/workflows/${encodeURIComponent(place.workflowId)}/runs/${encodeURIComponent(place.runId)}/` +
      place.path.split('/').map(encodeURIComponent).join('/') + (place.nth === undefined ? '' : `?nth=${place.nth}`)
    case 'user': return `/users/${encodeURIComponent(place.userId)}`
    case 'overview': case 'unknown': return ''
    default: return `/${place.name}`
  }
}

/** The folder that a path is in, or is: empty, or ending with a slash. */
export function folderOf (path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

/** The last part of a path, without a slash at its end. */
export function nameOf (path: string): string {
  return path.replace(/\/$/, '').split('/').at(-1) ?? ''
}

function decode (text = ''): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
