# The program alone, static, without a shell, as a user without rights.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /blastradius ./cmd/blastradius

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /blastradius /blastradius
ENTRYPOINT ["/blastradius"]
