import t from 'tap'
import { isAmazonEndpoint } from '../../../store/vendor.js'

t.test('Amazon\'s own endpoints are known by their names', async (t) => {
  const amazons = [
    'https://s3.amazonaws.com', 'https://s3.eu-central-1.amazonaws.com', 'https://s3.cn-north-1.amazonaws.com.cn/',
    'https://s3-fips.us-gov-west-1.amazonaws.com', 'https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com:443', 'https://S3.AMAZONAWS.COM.',
  ]
  for (const endpoint of amazons) t.ok(isAmazonEndpoint(endpoint), endpoint)
  const others = [
    'http://127.0.0.1:9000', 'https://amazonaws.com.example.com', 'https://notamazonaws.com', 'https://s3.example.com/amazonaws.com',
    'https://s3.us-west-000.backblazeb2.com', 'http://[::1]:9000',
  ]
  for (const endpoint of others) t.notOk(isAmazonEndpoint(endpoint), endpoint)
})
