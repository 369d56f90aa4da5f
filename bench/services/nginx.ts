import { runNginx } from '../../test/support/nginx.js'

/**
 * Starts nginx (Debian's nginx-light) as a proxy of one URL, with its default buffering and a keep-alive connection to the
 * store.
 */
export async function startNginx (target: string): Promise<{ url: string, stop: () => Promise<void> }> {
  const { host, pathname, search } = new URL(target)
  const { origin, stop } = await runNginx(({ port }) => `
  upstream store { server ${host}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location = /file {
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host ${host};
      proxy_pass http://store${pathname}${search};
    }
  }`)
  return { url: `${origin}/file`, stop }
}
