import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** A certificate and its key, in files. */
export interface Certificate {
  certificate: string
  key: string
}

/** Certificate authorities, and what they sign, in a folder that `remove` deletes. */
export interface Certificates {
  /** @param keyType what `openssl req -newkey` takes; an EC key by default */
  makeAuthority: (name: string, keyType?: string) => Promise<Certificate>
  /** @param names such as `DNS:localhost,IP:127.0.0.1`; none for a client's */
  sign: (authority: Certificate, commonName: string, names?: string) => Promise<Certificate>
  remove: () => Promise<void>
}

/** Creates a folder for certificates made with OpenSSL. */
export async function openCertificates (): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-certificates-'))
  let count = 0
  const files = () => {
    const path = join(directory, String(++count))
    return { certificate: `${path}.pem`, key: `${path}.key` }
  }
  const makeKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  return {
    makeAuthority: async (name, keyType) => {
      const { certificate, key } = files()
      await exec('openssl', ['req', '-x509', ...keyType === undefined ? makeKey : ['-newkey', keyType, '-nodes'], '-subj', `/CN=${name}`, '-days', '1', '-keyout', key, '-out', certificate])
      return { certificate, key }
    },
    sign: async (authority, commonName, names) => {
      const { certificate, key } = files()
      const request = `${certificate}.request`
      const extensions = `${certificate}.extensions`
      await exec('openssl', ['req', '-new', ...makeKey, '-subj', `/CN=${commonName}`, '-keyout', key, '-out', request])
      await writeFile(extensions, names === undefined ? 'extendedKeyUsage = clientAuth\n' : `subjectAltName = ${names}\n`)
      await exec('openssl', [
        'x509', '-req', '-in', request, '-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial', '-days', '1',
        '-extfile', extensions, '-out', certificate,
      ])
      return { certificate, key }
    },
    remove: async () => { await rm(directory, { recursive: true, force: true }) },
  }
}
