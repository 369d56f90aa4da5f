import pg from 'pg'

/** Where a database is, and how its URL says to connect to it. */
export interface DatabaseAddress {
  /** The URL without what the other fields hold, as node-postgres takes it. */
  connectionString: string
  /** TLS parameters, by their names in libpq. */
  tls: ReadonlyMap<string, string>
  /** The value for `search_path`; undefined keeps what the role or the database has set. */
  searchPath: string | undefined
  /** A host name, an IP address, or the folder of a Unix socket. */
  host: string
}

const tlsNames = ['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslpassword', 'ssl_min_protocol_version', 'uselibpqcompat']
// As in `-c search_path=app`, `-csearch_path=app` and `--search_path=app`; a backslash escapes a blank.
const searchPathOption = /(?:^|\s)(?:-c\s*|--)search_path=((?:\\.|[^\s\\])*)/g

/**
 * Parses a database URL. `schema` names one schema, `options=-c search_path=…` any number: both are taken out of the URL, since
 * a pooler refuses, or forgets, what a connection asks for as it starts.
 */
export function parseDatabaseUrl (url: string): DatabaseAddress {
  const [base = '', query = ''] = url.split(/\?(.*)/s, 2)
  const parameters = new URLSearchParams(query)
  const tls = new Map<string, string>()
  for (const name of tlsNames) {
    const value = parameters.get(name)
    if (value !== null && value !== '') tls.set(name, value)
    parameters.delete(name)
  }
  const schema = parameters.get('schema')
  parameters.delete('schema')
  const options = parameters.get('options') ?? ''
  const [[, named = undefined] = []] = [...options.matchAll(searchPathOption)].slice(-1)
  const otherOptions = options.replaceAll(searchPathOption, '').trim()
  parameters.delete('options')
  if (otherOptions !== '') parameters.set('options', otherOptions)
  const rest = parameters.toString()
  const connectionString = rest === '' ? base : `${base}?${rest}`
  return {
    connectionString,
    tls,
    searchPath: schema === null || schema === '' ? named?.replaceAll(/\\(.)/g, '$1') : pg.escapeIdentifier(schema),
    host: new pg.Client({ connectionString }).host,
  }
}

/** Whether a database can be reached without leaving this machine. */
export function isLocalDatabase (url: string): boolean {
  const { host } = parseDatabaseUrl(url)
  return host.startsWith('/') || /^(localhost|127\.[\d.]+|::1)$/.test(host)
}
