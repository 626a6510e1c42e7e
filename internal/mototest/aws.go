package mototest

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Config is a client's configuration for the emulator, past any proxy.
func Config(endpoint string) aws.Config {
	v := Vars(endpoint)
	return aws.Config{Region: v["AWS_REGION"], BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(v["AWS_ACCESS_KEY_ID"], v["AWS_SECRET_ACCESS_KEY"], "")}
}

// Bucket makes a bucket with the files in it, by key.
func Bucket(t testing.TB, endpoint string, files map[string]string) string {
	t.Helper()
	name := Name(t, "b")
	_, err := s3Client(endpoint).CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &name,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(Vars("")["AWS_REGION"])}})
	if err != nil {
		t.Fatalf("create bucket %s: %v", name, err)
	}
	for key, text := range files {
		Put(t, endpoint, name, key, text)
	}
	return name
}

// Put writes an object.
func Put(t testing.TB, endpoint, bucket, key, text string) {
	t.Helper()
	if _, err := s3Client(endpoint).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)}); err != nil {
		t.Fatalf("put s3://%s/%s: %v", bucket, key, err)
	}
}

func s3Client(endpoint string) *s3.Client {
	return s3.NewFromConfig(Config(endpoint), func(o *s3.Options) { o.UsePathStyle = true })
}
