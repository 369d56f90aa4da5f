/**
 * Addresses that may be mistaken for one of a host but lead elsewhere, or reach it in another way: the stuff of SSRF.
 *
 * @param rest what follows the host, with the slash
 */
export function hostileAddresses (host: string, rest: string): string[] {
  const region = host.split('.')[1] ?? ''
  const hosts = [
    // Other hosts.
    `${host}.evil.test`, `evil.test/${host}`, `evil-${host}`, `x.${host}`, host.replace('.amazonaws', '-amazonaws'), host.replace('.amazonaws', 'xamazonaws'),
    host.replace('sns.', 'sqs.'), host.replace(region, 'us-west-2'), host.replace(`.${region}`, ''), `${host}.cn`, host.replace('amazonaws.com', 'amazonaws.co'),
    `sns.${region}.s3.amazonaws.com`, `s3.${region}.amazonaws.com`, `sns.${region}.amazonaws.com.s3.amazonaws.com`, 'localhost', '127.0.0.1', '169.254.169.254',
    '[::1]', '[::ffff:169.254.169.254]', '0x7f000001', '2130706433', 'metadata.google.internal', '',
    // A user before an @, or what a parser takes for one.
    `${host}@evil.test`, `${host}:443@evil.test`, `user@${host}`, `user:password@${host}`, `:@${host}`, `@${host}`, `evil.test@${host}`, `${host}%40evil.test`,
    `evil.test\\@${host}`, `evil.test#@${host}`, `evil.test?@${host}`, `${host}#@evil.test`, `${host}\\.evil.test`, `${host}\\@evil.test`,
    // The same host, written or reached in a different way.
    `${host}:8443`, `${host}:443`, `${host}:0443`, `${host}:80`, `${host}:`, `${host}.`, `${host}..`, host.toUpperCase(), host.replace('sns', 'SNS'),
    host.replace('sns', 'ſns'), host.replace('.', '。'), host.replace('.', '%2e'), host.replaceAll('.', '．'), host.replace('a', 'а'), host.replace('sns', '%73ns'),
    host.replace('sns', 's\u00adns'), host.replace('sns', 's\u200dns'), `xn--${host}`, ` ${host}`, `${host} `, `\t${host}`, host.replace('.', '.\n'), host.replace('.', '.\0'),
  ]
  const schemes = [
    'http://', 'HTTPS://', 'https:/', 'https:', 'https:///', 'https:\\\\', '//', '', 'ftp://', 'file://', 'file:///', 'gopher://', 'data:,', 'javascript:', 'https+unix://',
    ' https://', '\thttps://', 'ht\ntps://', 'https://https://', 'view-source:https://', 'wss://',
  ]
  return [...hosts.map((other) => `https://${other}${rest}`), ...schemes.map((scheme) => `${scheme}${host}${rest}`)]
}
