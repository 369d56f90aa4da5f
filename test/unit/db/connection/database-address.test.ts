import t from 'tap'
import { isLocalDatabase, parseDatabaseUrl } from '../../../../db/connection/database-address.js'

const base = 'postgres://user:p%40ss@db.example:5433/files'

t.test('a URL without parameters is taken as it is', async (t) => {
  t.strictSame(parseDatabaseUrl(base), { connectionString: base, tls: new Map(), searchPath: undefined, host: 'db.example' })
})

t.test('how TLS is used is taken out of the URL, and what node-postgres knows stays', async (t) => {
  const url = `${base}?sslmode=verify-full&application_name=a%20b&sslrootcert=/ca.pem&sslkey=&ssl_min_protocol_version=TLSv1.3&uselibpqcompat=true`
  t.match(parseDatabaseUrl(url), {
    connectionString: `${base}?application_name=a+b`,
    tls: new Map([['sslmode', 'verify-full'], ['sslrootcert', '/ca.pem'], ['ssl_min_protocol_version', 'TLSv1.3'], ['uselibpqcompat', 'true']]),
  })
  t.equal(parseDatabaseUrl(url).tls.size, 4, 'an empty value is none')
  for (const name of ['ssl', 'sslcert', 'sslpassword']) t.strictSame([...parseDatabaseUrl(`${base}?${name}=x`).tls], [[name, 'x']])
})

t.test('a schema is one name, whatever it holds, and options name a path of several', async (t) => {
  for (const [query, searchPath, rest] of [
    ['schema=app', '"app"', ''], ['schema=a%22b, c', '"a""b, c"', ''], ['schema=', undefined, ''],
    ['options=-c search_path=app,public', 'app,public', ''], ['options=-csearch_path=app', 'app', ''], ['options=--search_path=app', 'app', ''],
    ['options=-c search_path=a -c search_path=b', 'b', ''], ['options=-c search_path=a\\ b', 'a b', ''], ['options=-c search_path=', '', ''],
    ['options=-c geqo=off -c search_path=app -c jit=off', 'app', '?options=-c+geqo%3Doff+-c+jit%3Doff'],
    ['options=-c my_search_path=app', undefined, '?options=-c+my_search_path%3Dapp'], ['options=-c search_path=app&schema=b', '"b"', ''],
  ] as const) {
    const { searchPath: found, connectionString } = parseDatabaseUrl(`${base}?${query}`)
    t.strictSame([found, connectionString], [searchPath, `${base}${rest}`], query)
  }
})

t.test('a database on this machine is known by its host', async (t) => {
  for (const url of [
    'postgres://localhost/x', 'postgres://127.0.0.1:5432/x', 'postgres://127.1.2.3/x', 'postgres://user@/x?host=/var/run/postgresql', 'postgres://%2Ftmp/x',
  ]) t.equal(isLocalDatabase(url), true, url)
  for (const url of ['postgres://db.example/x', 'postgres://localhost.example/x', 'postgres://xlocalhost/x', 'postgres://10.0.0.1/x', 'postgres://127.evil.test/x']) {
    t.equal(isLocalDatabase(url), false, url)
  }
})
