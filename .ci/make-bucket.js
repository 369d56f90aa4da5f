import { Client } from 'minio'

const [endpoint, accessKey, secretKey, bucket] = process.argv.slice(2)
const { hostname, port } = new URL(endpoint)
const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, region: 'us-east-1' })
if (!await client.bucketExists(bucket)) await client.makeBucket(bucket)
