# The bucket on AWS, the role with which the service reaches it, and the user whose keys can only sign uploads.
# An example to start from; it has not been run.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "bucket" {
  type        = string
  description = "Name of the bucket: S3_BUCKET."
}

variable "origins" {
  type        = list(string)
  default     = ["*"]
  description = "Origins of pages that download and upload; every file needs a signed URL all the same."
}

variable "assume_role_policy" {
  type        = string
  description = "Who may take the service's role, as JSON: the OIDC provider of an EKS cluster, or ecs-tasks.amazonaws.com."
}

resource "aws_s3_bucket" "objects" {
  bucket = var.bucket
}

resource "aws_s3_bucket_public_access_block" "objects" {
  bucket                  = aws_s3_bucket.objects.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "objects" {
  bucket = aws_s3_bucket.objects.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "objects" {
  bucket = aws_s3_bucket.objects.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_cors_configuration" "objects" {
  bucket = aws_s3_bucket.objects.id
  cors_rule {
    allowed_origins = var.origins
    allowed_methods = ["GET", "HEAD", "PUT"]
    allowed_headers = ["*"]
    expose_headers  = ["ETag", "Content-Disposition", "Content-Range", "Accept-Ranges"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "objects" {
  bucket = aws_s3_bucket.objects.id
  rule {
    id     = "objects-storage"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

data "aws_iam_policy_document" "service" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.objects.arn}/*"]
  }
  statement {
    # Without it, S3 answers 403 rather than 404 for a key that does not exist.
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.objects.arn]
  }
}

resource "aws_iam_role" "service" {
  name_prefix        = "objects-storage-"
  assume_role_policy = var.assume_role_policy
}

resource "aws_iam_role_policy" "service" {
  role   = aws_iam_role.service.id
  policy = data.aws_iam_policy_document.service.json
}

data "aws_iam_policy_document" "uploads" {
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.objects.arn}/*"]
  }
}

resource "aws_iam_user" "uploads" {
  name = "${var.bucket}-uploads"
}

resource "aws_iam_user_policy" "uploads" {
  user   = aws_iam_user.uploads.name
  policy = data.aws_iam_policy_document.uploads.json
}

output "role_arn" {
  description = "Of the service: in the Helm chart, the annotation eks.amazonaws.com/role-arn of its service account."
  value       = aws_iam_role.service.arn
}

output "upload_user" {
  description = "Make an access key for it: S3_UPLOAD_ACCESS_KEY and S3_UPLOAD_SECRET_KEY."
  value       = aws_iam_user.uploads.name
}
