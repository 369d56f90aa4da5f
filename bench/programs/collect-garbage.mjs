// Preloaded into a service under measurement: lets another process have it collect its garbage.
process.on('SIGWINCH', () => { globalThis.gc() })
