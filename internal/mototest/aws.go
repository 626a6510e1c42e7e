package mototest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
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

// Queue makes a queue that gives messages to another, its dead-letter queue,
// after receives tries; zero makes none.
func Queue(t testing.TB, endpoint string, receives int) (name, url, deadURL string) {
	t.Helper()
	client := sqs.NewFromConfig(Config(endpoint))
	make := func(name string, attrs map[string]string) string {
		q, err := client.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attrs})
		if err != nil {
			t.Fatalf("create queue %s: %v", name, err)
		}
		return *q.QueueUrl
	}
	name = Name(t, "q")
	if receives == 0 {
		return name, make(name, nil), ""
	}
	deadURL = make(name+"-dead", nil)
	arn := queueARN(t, client, deadURL)
	return name, make(name, map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, arn, receives)}), deadURL
}

func queueARN(t testing.TB, client *sqs.Client, url string) string {
	t.Helper()
	out, err := client.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["QueueArn"]
}

// Notify has a bucket tell a queue of each new object.
func Notify(t testing.TB, endpoint, bucket, queueURL string) {
	t.Helper()
	arn := queueARN(t, sqs.NewFromConfig(Config(endpoint)), queueURL)
	_, err := s3Client(endpoint).PutBucketNotificationConfiguration(context.Background(), &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket,
		NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{
			{QueueArn: &arn, Events: []types.Event{"s3:ObjectCreated:*"}}}}})
	if err != nil {
		t.Fatal(err)
	}
}

// Send puts messages into a queue.
func Send(t testing.TB, endpoint, queueURL string, bodies ...string) {
	t.Helper()
	SendLater(t, endpoint, queueURL, 0, bodies...)
}

// SendLater puts messages into a queue that come out only after a while.
func SendLater(t testing.TB, endpoint, queueURL string, after time.Duration, bodies ...string) {
	t.Helper()
	client := sqs.NewFromConfig(Config(endpoint))
	for _, b := range bodies {
		if _, err := client.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &queueURL, MessageBody: &b, DelaySeconds: int32(after / time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
}

// Depth is how many messages of a queue are to be had, and how many are with a
// reader.
func Depth(t testing.TB, endpoint, queueURL string) (visible, hidden int) {
	t.Helper()
	out, err := sqs.NewFromConfig(Config(endpoint)).GetQueueAttributes(context.Background(),
		&sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	visible, _ = strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"])
	hidden, _ = strconv.Atoi(out.Attributes["ApproximateNumberOfMessagesNotVisible"])
	return visible, hidden
}

func s3Client(endpoint string) *s3.Client {
	return s3.NewFromConfig(Config(endpoint), func(o *s3.Options) { o.UsePathStyle = true })
}
