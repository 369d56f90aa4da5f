import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'

const app = fastify()
await app.register(fastifyJwt, { secret: process.argv[2] })
const claims = { sub: '0b6f1f0e-5a52-4c1c-8d6e-7a1d3c2b9e10', orgKey: 'ci', role: 'admin' }
console.log(app.jwt.sign(claims, { expiresIn: '10m' }))
